package roots

import (
	"crypto/x509"
	"encoding/pem"
	"testing"
)

func TestEachCertificateIsThere(t *testing.T) {
	count := 0
	for rest := PEM(); ; count++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			t.Error(err)
		}
	}
	if count < 100 {
		t.Errorf("%d certificates", count)
	}
}
