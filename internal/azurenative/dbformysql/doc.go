// Package dbformysql binds the three MySQL flexible server resources of azure-native by their tokens, because the SDK module
// that holds them can't be resolved next to the other modules.
//
// Names and nesting are those of pulumi-azure-native-sdk/dbformysql/v3, so taking the SDK module into use later is a change of
// import path. Only the properties the program sets, and the outputs it reads, are bound.
package dbformysql
