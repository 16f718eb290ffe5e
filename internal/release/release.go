// Package release says which release of Teff this is.
package release

// Version is the release, as semantic versioning writes it.
const Version = "0.1.0"
