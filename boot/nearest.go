package boot

// maxStem is how much of a misspelt word is compared.
const maxStem = 24

// nearest returns the name of the known word that word is likeliest a slip for, "" if none is
// close: about a third of its letters may be wrong.
func nearest(word []byte) string {
	for len(word) > 0 && word[0] == '-' {
		word = word[1:] // written like a flag
	}
	whole := word
	if i := index(word, '='); i >= 0 {
		whole = word[:i]
	}
	first := whole
	if i := index(whole, '.'); i >= 0 {
		first = whole[:i]
	}
	best, name := maxStem, ""
	for i := range Words {
		w := &Words[i]
		if w.Ignored {
			continue
		}
		typed := whole
		if w.isPrefix() {
			typed = first
		}
		stem := w.stem()
		d := distance(typed, stem)
		if d < best && 3*d <= len(stem)+1 {
			best, name = d, w.Name
		}
	}
	return name
}

// distance is how many letters must be put in, left out, changed or swapped with their neighbour
// to get from a to b (the restricted Damerau-Levenshtein distance); upper and lower case are the
// same. Only the first maxStem letters count.
func distance(a []byte, b string) int {
	a, b = a[:min(len(a), maxStem)], b[:min(len(b), maxStem)]
	// rows[i%3][j] is the distance of a[:i] from b[:j].
	var rows [3][maxStem + 1]int
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, above, row := &rows[(i+1)%3], &rows[(i+2)%3], &rows[i%3]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := above[j-1]
			if lower(a[i-1]) != lower(b[j-1]) {
				change++
			}
			row[j] = min(change, above[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && lower(a[i-1]) == lower(b[j-2]) && lower(a[i-2]) == lower(b[j-1]) {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return rows[len(a)%3][len(b)]
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
