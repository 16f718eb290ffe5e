// Package arch holds no code, only tests of the project's shape: which package may
// import which (layers_test.go), how long files and functions get (outliers_test.go),
// whether the README's code compiles (readme_test.go), and whether what the documents
// name is there (documents_test.go).
//
// A failure is a sentence that names the rule. Either the code is to change, or the
// table is, with a reason.
package arch
