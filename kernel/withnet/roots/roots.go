// Package roots gives a program the root certificates that the Mozilla project trusts: the machine
// has no files with some. The builder links it into programs that can reach package crypto/x509.
package roots

import _ "golang.org/x/crypto/x509roots/fallback" // sets crypto/x509's fallback roots
