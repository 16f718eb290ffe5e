// Package storetest tests whether a [persistence.Store] keeps the contract.
//
// It is for everybody who writes a store, inside this module or outside:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T, dir string) persistence.Store {
//			store, err := mystore.Open(dir)
//			if err != nil {
//				t.Fatal(err)
//			}
//			return store
//		}, storetest.Traits{Durable: true})
//	}
//
// # Model
//
// The suite is a list of checks. Each gets a store of its own, fresh from open, and
// returns an error that says what the contract wants and what the store did. None
// sleeps or measures time. One check drives random operations against a model, and
// is made smaller by rapid when it fails (flags -rapid.checks, -rapid.seed).
//
// Each check is known to be able to fail: the package's own tests run the suite on
// stores that are wrong in one way each, and every check catches some of them.
package storetest
