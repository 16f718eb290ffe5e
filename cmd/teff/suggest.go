package main

import "strings"

// closest returns the candidate that name was probably meant to be, or nothing: one that
// differs in case or package, else the shortest that begins with it, else the most alike.
// A package that both have counts for nothing.
func closest(name string, candidates []string) string {
	begun, best, bestDistance := "", "", 0
	for _, c := range candidates {
		if strings.EqualFold(c, name) || strings.EqualFold(lastPart(c), name) {
			return c
		}
		typed, meant := strings.ToLower(name), strings.ToLower(c)
		if pkg := meant[:len(meant)-len(lastPart(meant))]; strings.HasPrefix(typed, pkg) {
			typed, meant = typed[len(pkg):], meant[len(pkg):]
		}
		if begins(meant, typed) && (begun == "" || len(c) < len(begun)) {
			begun = c
		}
		d := distance(typed, meant)
		if d <= max(2, len(typed)/3) && d < len(meant) && (best == "" || d < bestDistance) {
			best, bestDistance = c, d
		}
	}
	if begun != "" {
		return begun
	}
	return best
}

// begins says that what was typed, if it is anything, is how the name or its last part
// begins.
func begins(meant, typed string) bool {
	return typed != "" && (strings.HasPrefix(meant, typed) || strings.HasPrefix(lastPart(meant), typed))
}

// lastPart returns Account of bank.v1.Account.
func lastPart(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// distance is how many bytes must be inserted, deleted or replaced to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = min(diagonal, row[j], row[j+1]) + 1
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
