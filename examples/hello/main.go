// Hello is the smallest program there is.
package main

import "fmt"

func main() {
	fmt.Println("Hello, machine!")
}
