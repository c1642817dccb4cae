// Package roots has the root certificates that the Mozilla project trusts, as the file in which
// package crypto/x509 looks for them. The builder links it into programs that have that package. The machine has no such file unless its archive brings one.
//
// They are a file, and not what x509.SetFallbackRoots is given, because a program may call that
// itself, and it may be called once.
package roots

import (
	"encoding/pem"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// Path is the first place where package crypto/x509 looks on Linux.
const Path = "/etc/ssl/certs/ca-certificates.crt"

// PEM returns the content of that file. Making it takes a while: it is for those who open the file.
func PEM() []byte {
	var file []byte
	for root := range bundle.Roots() {
		file = append(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})...)
	}
	return file
}
