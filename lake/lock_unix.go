//go:build unix

package lake

import (
	"errors"
	"os"
	"syscall"
)

// tryFlock takes the lock of an open file, shared or alone, without waiting.
// It goes with the process, however that ends.
func tryFlock(f *os.File, alone bool) (bool, error) {
	how := syscall.LOCK_SH
	if alone {
		how = syscall.LOCK_EX
	}
	for {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		default:
			return false, &os.PathError{Op: "flock", Path: f.Name(), Err: err}
		}
	}
}

func isReadOnlyFS(err error) bool { return errors.Is(err, syscall.EROFS) }
