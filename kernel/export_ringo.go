//go:build ringo

package kernel

import (
	"errors"
	"io"

	"github.com/ringo-os/ringo/drivers/virtio"
	"github.com/ringo-os/ringo/drivers/virtio/console"
)

// exportDevice is the machine's first virtio console.
func exportDevice() (io.Writer, error) {
	transports, _ := virtio.Machine()
	for _, t := range transports {
		if t.Kind() == virtio.Console {
			return console.Open(t)
		}
	}
	return nil, errors.New("it needs a virtio console (-device virtio-serial-device,max_ports=1 or virtio-serial-pci, and " +
		"-device virtconsole with a chardev behind it)")
}
