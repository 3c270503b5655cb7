// Package badconfig holds configurations that must be refused, each with what its message must say. The same cases are run
// against the loader alone and against the program under mocks, so that "refused before anything is registered" is checked for
// all of them. Through the real engine goes only a handful, written down there.
package badconfig
