package spec

import (
	"slices"
	"strings"
)

// didYouMean is a hint that names the closest of the candidates, "" when none
// is close.
func didYouMean(word string, candidates []string) string {
	if best := closest(word, candidates); best != "" {
		return meant(best)
	}
	return ""
}

func meant(word string) string { return "did you mean " + word + "?" }

// closest returns the candidate with the smallest edit distance to word, the
// first by name among equals, as long as it is within a third of the length.
func closest(word string, candidates []string) string {
	best, least := "", max(len(word)/3, 1)+1
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if d := distance(strings.ToLower(word), strings.ToLower(c)); d < least && c != word {
			best, least = c, d
		}
	}
	return best
}

// distance is the edit distance in which exchanging two neighbours is one step.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j-1]+1, last[j]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
