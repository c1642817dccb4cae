//go:build ringo

package fs

import "internal/cpu"

// processor returns the processor's name and those of its flags that Go's runtime looks at.
func processor() (name, flags string) {
	if name = cpu.Name(); name == "" {
		name = "unknown"
	}
	flags = "fpu tsc msr cx8 cmov mmx fxsr sse sse2 syscall nx lm"
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"aes", cpu.X86.HasAES}, {"adx", cpu.X86.HasADX}, {"avx", cpu.X86.HasAVX},
		{"avx2", cpu.X86.HasAVX2}, {"avx512f", cpu.X86.HasAVX512F}, {"bmi1", cpu.X86.HasBMI1},
		{"bmi2", cpu.X86.HasBMI2}, {"erms", cpu.X86.HasERMS}, {"fma", cpu.X86.HasFMA},
		{"pclmulqdq", cpu.X86.HasPCLMULQDQ}, {"popcnt", cpu.X86.HasPOPCNT},
		{"rdtscp", cpu.X86.HasRDTSCP}, {"sha_ni", cpu.X86.HasSHA}, {"pni", cpu.X86.HasSSE3},
		{"ssse3", cpu.X86.HasSSSE3}, {"sse4_1", cpu.X86.HasSSE41}, {"sse4_2", cpu.X86.HasSSE42},
	} {
		if f.has {
			flags += " " + f.name
		}
	}
	return name, flags
}
