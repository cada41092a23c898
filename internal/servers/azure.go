package servers

import (
	"context"
	"os"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// makeContainer makes the container logs in a running Azurite.
func makeContainer(t testing.TB, addr string) {
	t.Helper()
	account := os.Getenv("AZURE_STORAGE_ACCOUNT")
	key, err := container.NewSharedKeyCredential(account, os.Getenv("AZURE_STORAGE_KEY"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := container.NewClientWithSharedKeyCredential("http://"+addr+"/"+account+"/logs", key, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Create(context.Background(), nil); err != nil {
		t.Fatalf("the container: %v", err)
	}
}
