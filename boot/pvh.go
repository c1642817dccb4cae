package boot

// ReadPVH fills info from the hvm_start_info structure at physical address startInfo (Xen,
// include/public/arch-x86/hvm/start_info.h, versions 0 and 1). at gives access to physical memory;
// it returns nil for what cannot be read. info must be zero.
func ReadPVH(info *Info, startInfo uint64, at func(physical, size uint64) []byte) Problem {
	return ""
}
