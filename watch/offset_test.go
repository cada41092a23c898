package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/periplus/periplus/periplus"
)

// grows is a bucket whose objects can be opened at an offset.
type grows struct{ bucket }

func (g *grows) OpenAt(_ context.Context, o *periplus.Object, offset int64) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(g.text[o.URI][offset:])), nil
}

func (g *grows) Pieces(context.Context, *periplus.Object) ([]periplus.Piece, error) {
	return []periplus.Piece{{Name: "a", Size: 1}}, nil
}

func TestBatchOpensAtAnOffset(t *testing.T) {
	can, cannot := &grows{}, &bucket{}
	can.put("x", "text")
	a, b := object("x", "text"), object("y", "text")
	set := &batch{[]*entry{{object: a, source: &Named{"can", can}}, {object: b, source: &Named{"cannot", cannot}}}}
	in, err := set.OpenAt(t.Context(), &a, 2)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(in)
	if string(text) != "xt" || err != nil {
		t.Errorf("from 2 on: %q, %v", text, err)
	}
	if list, err := set.Pieces(t.Context(), &a); fmt.Sprint(list) != "[{a 1}]" || err != nil {
		t.Errorf("pieces %v, %v", list, err)
	}
	for _, o := range []periplus.Object{b, object("z", "")} {
		if _, err := set.OpenAt(t.Context(), &o, 2); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v, want that it is not supported", o.URI, err)
		}
	}
}
