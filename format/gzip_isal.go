//go:build isal && cgo

package format

/*
#cgo LDFLAGS: -lisal
#include <stdlib.h>
#include <string.h>
#if __has_include(<isa-l/igzip_lib.h>)
#include <isa-l/igzip_lib.h>
#else
#include <igzip_lib.h>
#endif

// One reader: ISA-L's state beside the compressed bytes that it is at. It lies
// in C's memory, because it holds pointers between calls.
typedef struct {
	struct inflate_state state;
	uint8_t in[256 << 10];
} periplus_gzip;

static periplus_gzip *periplus_gzip_new(void) {
	periplus_gzip *z = malloc(sizeof(periplus_gzip));
	if (z != NULL) {
		isal_inflate_init(&z->state);
		z->state.crc_flag = ISAL_GZIP;
	}
	return z;
}

// periplus_gzip_more tells where n new bytes are.
static void periplus_gzip_more(periplus_gzip *z, int n) {
	z->state.next_in = z->in;
	z->state.avail_in = n;
}

static void periplus_gzip_again(periplus_gzip *z) {
	uint8_t *next = z->state.next_in;
	uint32_t avail = z->state.avail_in;
	isal_inflate_reset(&z->state);
	z->state.crc_flag = ISAL_GZIP;
	z->state.next_in = next;
	z->state.avail_in = avail;
}

// periplus_gzip_run fills out and returns ISA-L's code; the numbers that the
// caller needs come back in one call.
static int periplus_gzip_run(periplus_gzip *z, void *out, int n, int *wrote, int *left, int *finished) {
	z->state.next_out = out;
	z->state.avail_out = n;
	int code = isal_inflate(&z->state);
	*wrote = n - (int)z->state.avail_out;
	*left = (int)z->state.avail_in;
	*finished = z->state.block_state == ISAL_BLOCK_FINISH;
	return code;
}
*/
import "C"

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"unsafe"
)

// isalIn is how many compressed bytes go to C at once.
const isalIn = 256 << 10

// isalOut is how many bytes C makes at once. It takes about 20 µs: Go takes the
// processor away from a call into C that lasts longer, and whoever gets it has
// to be woken, and put to sleep again when the call returns.
const isalOut = 32 << 10

// isalReader inflates the members of a gzip stream by ISA-L.
type isalReader struct {
	in      io.Reader
	z       *C.periplus_gzip
	buf     []byte // z.in
	left    int    // compressed bytes that C has and did not take
	inside  bool   // a member has begun and not ended
	members int
	inErr   error // what ended in
	err     error
	cleanup runtime.Cleanup
}

// newGzip inflates one or more members.
func newGzip(in io.Reader) (io.Reader, error) {
	z := C.periplus_gzip_new()
	if z == nil {
		return nil, errors.New("no memory for ISA-L")
	}
	r := &isalReader{in: in, z: z, buf: unsafe.Slice((*byte)(unsafe.Pointer(&z.in)), isalIn)}
	r.cleanup = runtime.AddCleanup(r, func(z *C.periplus_gzip) { C.free(unsafe.Pointer(z)) }, z)
	return r, nil
}

func (r *isalReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for r.err == nil {
		if r.left == 0 && r.inErr == nil {
			r.fill()
		}
		if !r.inside {
			if r.left == 0 && r.inErr != nil {
				r.end(r.inErr)
				break
			}
			if r.members > 0 {
				C.periplus_gzip_again(r.z)
			}
			r.inside = true
		}
		n, err := r.run(p)
		if err != nil {
			r.end(err)
		}
		if n > 0 {
			return n, nil
		}
		if err == nil && r.left == 0 && r.inErr != nil && r.inside {
			if err = r.inErr; err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			r.end(err)
		}
	}
	return 0, r.err
}

// fill takes the next compressed bytes.
func (r *isalReader) fill() {
	n, err := r.in.Read(r.buf)
	for tries := 0; n == 0 && err == nil; tries++ {
		if tries == 100 {
			err = io.ErrNoProgress
			break
		}
		n, err = r.in.Read(r.buf)
	}
	r.left, r.inErr = n, err
	C.periplus_gzip_more(r.z, C.int(n))
}

// run inflates into p, at most one member.
func (r *isalReader) run(p []byte) (int, error) {
	var wrote, left, finished C.int
	code := C.periplus_gzip_run(r.z, unsafe.Pointer(&p[0]), C.int(min(len(p), isalOut)), &wrote, &left, &finished)
	r.left = int(left)
	switch {
	case code == C.ISAL_END_INPUT, code == C.ISAL_OUT_OVERFLOW, code == C.ISAL_DECOMP_OK:
	case code == C.ISAL_INCORRECT_CHECKSUM:
		return int(wrote), errors.New("gzip: wrong checksum")
	default:
		return int(wrote), fmt.Errorf("gzip: damaged data (ISA-L %d)", int(code))
	}
	if finished != 0 {
		r.inside = false
		r.members++
	}
	return int(wrote), nil
}

// end keeps why and gives the memory back.
func (r *isalReader) end(err error) {
	r.err = err
	r.cleanup.Stop()
	C.free(unsafe.Pointer(r.z))
	r.z, r.buf = nil, nil
}

// Inflate names what decompresses gzip in this build.
const Inflate = "ISA-L"
