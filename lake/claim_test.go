package lake

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// An hour is given to one at a time, until it is released or its holder dies.
func TestClaim(t *testing.T) {
	dir := t.TempDir()
	a, b := openTest(t, dir), openTest(t, dir)
	f := func(l *Lake, from, to int, want bool) func() {
		t.Helper()
		release, ok, err := l.Claim(t.Context(), day0.Add(time.Duration(from)*time.Hour), day0.Add(time.Duration(to)*time.Hour))
		if err != nil || ok != want {
			t.Fatalf("claim of %d to %d: %v, %v; want %v", from, to, ok, err, want)
		}
		return release
	}
	one := f(a, 0, 3, true)
	f(b, 2, 4, false)
	f(a, 0, 1, false) // its own too
	two := f(b, 3, 4, true)
	one()
	one() // twice is once
	three := f(b, 0, 3, true)
	two()
	three()
	if left, err := os.ReadDir(a.claimsDir()); err != nil || len(left) != 0 {
		t.Errorf("%d claims are left, %v", len(left), err)
	}
	// A process that died holds no lock on what it wrote.
	dead := filepath.Join(a.claimsDir(), "dead")
	text, err := json.Marshal(claimFile{day0.Unix(), day0.Add(time.Hour).Unix(), time.Now().Add(time.Hour).Unix()})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dead, text, 0o600); err != nil {
		t.Fatal(err)
	}
	f(a, 0, 1, true)()
	if _, err := os.Stat(dead); !os.IsNotExist(err) {
		t.Errorf("the claim of a dead process stays: %v", err)
	}
	// One that hangs holds its lock, but does not renew its claim.
	release, ok, err := a.claim(claimFile{day0.Unix(), day0.Add(time.Hour).Unix(), time.Now().Add(-time.Second).Unix()})
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	defer release()
	f(b, 0, 1, true)()
}
