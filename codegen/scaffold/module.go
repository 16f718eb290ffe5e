package scaffold

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// teffModule is what every project requires.
const teffModule = "github.com/teff-dev/teff"

// What Go and the file systems take for parts of a module's name.
var (
	modulePart = regexp.MustCompile(`^[A-Za-z0-9_~-]([A-Za-z0-9._~-]*[A-Za-z0-9_~-])?$`)
	deviceName = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)`)
	shortName  = regexp.MustCompile(`^[^.]*~[0-9]+(\.|$)`)
	noVersion  = regexp.MustCompile(`^v(0|1|0[0-9]+)$`)
)

// ofGo are the first parts of the names that Go keeps for its own packages.
func ofGo() []string {
	return strings.Fields(`all archive bufio builtin bytes cmd cmp compress container context crypto database debug embed
		encoding errors expvar flag fmt go hash html image index internal io iter log maps math mime net os path
		plugin reflect regexp runtime slices sort std strconv strings structs sync syscall testing text time tool
		toolchain unicode unique unsafe vendor weak work`)
}

// unfit says why no module can have the name; nothing: it can. Go checks most of this
// itself, but only when the project is written.
func unfit(module string) string {
	if module == teffModule || strings.HasPrefix(module, teffModule+"/") {
		return "it is Teff's own, which the project requires"
	}
	parts := strings.Split(module, "/")
	if slices.Contains(ofGo(), parts[0]) {
		return "Go keeps it for its own packages"
	}
	for _, part := range parts {
		switch {
		case !modulePart.MatchString(part), strings.HasPrefix(module, "-"), strings.HasPrefix(module, "~"):
			return "it is made of letters, digits and any of - . _ ~, in parts joined by '/'"
		case deviceName.MatchString(part), shortName.MatchString(part):
			return fmt.Sprintf("%s cannot be a file's name everywhere", part)
		case part == "vendor":
			return "vendor is where Go keeps copies of other modules"
		}
	}
	if noVersion.MatchString(parts[len(parts)-1]) {
		return "only v2 and later are parts of a name"
	}
	return ""
}
