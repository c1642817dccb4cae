//go:build ringo

package runtime

import "github.com/ringo-os/ringo/kernel/early/cpu"

// auxiliary is what Linux puts above a program's environment (System V ABI, AMD64 supplement, 3.4.3): numbers and values,
// as far as they need no memory of their own. There is no vDSO and no dynamic linker to tell of, and the user is root.
var auxiliary = [...]uintptr{
	auxvPageSize, pageSize4K,
	auxvClockTicks, clockTicks,
	auxvCapabilities, 0, // see startAuxv
	auxvUser, 0, auxvEffectiveUser, 0, auxvGroup, 0, auxvEffectiveGroup, 0,
	auxvSecure, 0,
}

const (
	auxvPageSize       = 6  // AT_PAGESZ
	auxvUser           = 11 // AT_UID
	auxvEffectiveUser  = 12 // AT_EUID
	auxvGroup          = 13 // AT_GID
	auxvEffectiveGroup = 14 // AT_EGID
	auxvCapabilities   = 16 // AT_HWCAP
	auxvClockTicks     = 17 // AT_CLKTCK
	auxvSecure         = 23 // AT_SECURE

	clockTicks = 100 // USER_HZ, in which /proc tells time
)

// startAuxv makes the vector what the runtime hands to x/sys.
func startAuxv() {
	for i := 0; i < len(auxiliary); i += 2 {
		if auxiliary[i] == auxvCapabilities {
			_, _, _, features := cpu.ID(1, 0)
			auxiliary[i+1] = uintptr(features)
		}
	}
	auxv = auxiliary[:]
}
