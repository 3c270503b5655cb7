// Package badconfig holds configurations that must be refused, each with what its message must say. The same cases are run
// against the loader alone, against the program under mocks and through the real engine, so that "refused before anything is
// registered" is checked at every level.
package badconfig
