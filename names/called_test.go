package names

import (
	"fmt"
	"testing"
)

func TestCalled(t *testing.T) {
	f, err := New([]Name{{Match: "vpc-0B", Name: "prod-eu"}, {Match: "vpc-0a", Name: "Prod-us"}, {Match: "subnet-1", Name: "web"}, {Match: "10.0.0.1", Name: "prod-1"}})
	if err != nil {
		t.Fatal(err)
	}
	got := func(text string, n int, want string) {
		t.Helper()
		if ids := fmt.Sprint(f.Called(text, n)); ids != want {
			t.Errorf("Called(%q, %d) = %s, want %s", text, n, ids, want)
		}
	}
	got("prod", 10, "[vpc-0a vpc-0b]")
	got("PROD-E", 10, "[vpc-0b]")
	got("prod", 1, "[vpc-0a]")
	got("", 10, "[]")
	got("no", 10, "[]")
	if ids := (*File)(nil).Called("x", 1); ids != nil {
		t.Errorf("no file: %v", ids)
	}
}
