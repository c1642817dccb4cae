package vetted

import (
	"fmt"
	"testing"
)

func TestPasses(t *testing.T) { fmt.Printf("%d\n", "a mistake for vet") }
