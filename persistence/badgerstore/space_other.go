//go:build !linux && !darwin && !freebsd && !windows

package badgerstore

func freeBytes(string) (uint64, error) { return 0, errSpaceUnknown }
