// Keeps the go tool out of node_modules.
module github.com/periplus/periplus/web/app
