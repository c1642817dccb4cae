package roots

import (
	"crypto/x509"
	"testing"
)

func TestEachCertificateIsThere(t *testing.T) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(PEM()) || len(pool.Subjects()) < 100 { //nolint:staticcheck // how many is all we ask
		t.Errorf("%d certificates", len(pool.Subjects()))
	}
}
