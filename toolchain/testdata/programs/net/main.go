package main

import (
	"fmt"
	"net/http"
)

func main() { fmt.Println("hello", http.StatusText(200)) }
