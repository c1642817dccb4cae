package broken

import "testing"

func TestPasses(t *testing.T) { undefined() }
