// Package periplus holds the words that every other package speaks: a Record
// is one log line in our words, an Object is one file of them, a Flow is one
// row of evidence, a Traffic is what several observers add up to.
//
// It depends on the standard library only.
package periplus
