// The instructions behind package cpu. Go's assembler has no name for a few of them; those are
// spelled as bytes, with the instruction in the comment.

#include "textflag.h"

// func In8(port uint16) uint8
TEXT ·In8(SB), NOSPLIT, $0-9
	MOVW port+0(FP), DX
	XORL AX, AX
	INB
	MOVB AX, ret+8(FP)
	RET

// func In16(port uint16) uint16
TEXT ·In16(SB), NOSPLIT, $0-10
	MOVW port+0(FP), DX
	XORL AX, AX
	INW
	MOVW AX, ret+8(FP)
	RET

// func In32(port uint16) uint32
TEXT ·In32(SB), NOSPLIT, $0-12
	MOVW port+0(FP), DX
	INL
	MOVL AX, ret+8(FP)
	RET

// func Out8(port uint16, value uint8)
TEXT ·Out8(SB), NOSPLIT, $0-3
	MOVW port+0(FP), DX
	MOVB value+2(FP), AX
	OUTB
	RET

// func Out16(port uint16, value uint16)
TEXT ·Out16(SB), NOSPLIT, $0-4
	MOVW port+0(FP), DX
	MOVW value+2(FP), AX
	OUTW
	RET

// func Out32(port uint16, value uint32)
TEXT ·Out32(SB), NOSPLIT, $0-8
	MOVW port+0(FP), DX
	MOVL value+4(FP), AX
	BYTE $0xEF // out dx, eax
	RET

// func ReadMSR(register uint32) uint64
TEXT ·ReadMSR(SB), NOSPLIT, $0-16
	MOVL register+0(FP), CX
	RDMSR
	SHLQ $32, DX
	ORQ  DX, AX
	MOVQ AX, ret+8(FP)
	RET

// func WriteMSR(register uint32, value uint64)
TEXT ·WriteMSR(SB), NOSPLIT, $0-16
	MOVL register+0(FP), CX
	MOVQ value+8(FP), AX
	MOVQ AX, DX
	SHRQ $32, DX
	WRMSR
	RET

// func ID(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)
TEXT ·ID(SB), NOSPLIT, $0-24
	MOVL leaf+0(FP), AX
	MOVL subleaf+4(FP), CX
	CPUID
	MOVL AX, eax+8(FP)
	MOVL BX, ebx+12(FP)
	MOVL CX, ecx+16(FP)
	MOVL DX, edx+20(FP)
	RET

// func TSC() uint64
TEXT ·TSC(SB), NOSPLIT, $0-8
	LFENCE
	RDTSC
	SHLQ $32, DX
	ORQ  DX, AX
	MOVQ AX, ret+0(FP)
	RET

// func ReadCR2() uint64
TEXT ·ReadCR2(SB), NOSPLIT, $0-8
	MOVQ CR2, AX
	MOVQ AX, ret+0(FP)
	RET

// func ReadCR0() uint64
TEXT ·ReadCR0(SB), NOSPLIT, $0-8
	MOVQ CR0, AX
	MOVQ AX, ret+0(FP)
	RET

// func ReadCR3() uint64
TEXT ·ReadCR3(SB), NOSPLIT, $0-8
	MOVQ CR3, AX
	MOVQ AX, ret+0(FP)
	RET

// func ReadCR4() uint64
TEXT ·ReadCR4(SB), NOSPLIT, $0-8
	MOVQ CR4, AX
	MOVQ AX, ret+0(FP)
	RET

// func WriteCR0(value uint64)
TEXT ·WriteCR0(SB), NOSPLIT, $0-8
	MOVQ value+0(FP), AX
	MOVQ AX, CR0
	RET

// func WriteCR3(value uint64)
TEXT ·WriteCR3(SB), NOSPLIT, $0-8
	MOVQ value+0(FP), AX
	MOVQ AX, CR3
	RET

// func WriteCR4(value uint64)
TEXT ·WriteCR4(SB), NOSPLIT, $0-8
	MOVQ value+0(FP), AX
	MOVQ AX, CR4
	RET

// func InvalidatePage(address uintptr)
TEXT ·InvalidatePage(SB), NOSPLIT, $0-8
	MOVQ   address+0(FP), AX
	INVLPG (AX)
	RET

// func EnableInterrupts()
TEXT ·EnableInterrupts(SB), NOSPLIT, $0-0
	STI
	RET

// func DisableInterrupts()
TEXT ·DisableInterrupts(SB), NOSPLIT, $0-0
	CLI
	RET

// func SaveAndDisable() (flags uint64)
TEXT ·SaveAndDisable(SB), NOSPLIT, $8-8
	PUSHFQ
	POPQ AX
	CLI
	MOVQ AX, flags+0(FP)
	RET

// func Restore(flags uint64)
TEXT ·Restore(SB), NOSPLIT, $0-8
	MOVQ  flags+0(FP), AX
	TESTQ $0x200, AX // IF
	JZ    off
	STI
	RET
off:
	CLI
	RET

// func WaitForInterrupt()
TEXT ·WaitForInterrupt(SB), NOSPLIT, $0-0
	STI
	HLT
	CLI
	RET

// func InterruptWindow()
// STI holds interrupts off for one instruction (Intel SDM vol. 2, STI).
TEXT ·InterruptWindow(SB), NOSPLIT, $0-0
	STI
	BYTE $0x90 // nop
	CLI
	RET

// func Stop()
TEXT ·Stop(SB), NOSPLIT, $0-0
	CLI
	HLT
	JMP -2(PC)

// func Pause()
TEXT ·Pause(SB), NOSPLIT, $0-0
	PAUSE
	RET

// func Random() (value uint64, ok bool)
TEXT ·Random(SB), NOSPLIT, $0-9
	RDRANDQ AX
	SETCS ok+8(FP)
	MOVQ    AX, value+0(FP)
	RET

// func Seed() (value uint64, ok bool)
TEXT ·Seed(SB), NOSPLIT, $0-9
	RDSEEDQ AX
	SETCS ok+8(FP)
	MOVQ    AX, value+0(FP)
	RET

// func LoadGDT(pseudoDescriptor unsafe.Pointer)
TEXT ·LoadGDT(SB), NOSPLIT, $0-8
	MOVQ pseudoDescriptor+0(FP), AX
	LGDT (AX)
	RET

// func LoadIDT(pseudoDescriptor unsafe.Pointer)
TEXT ·LoadIDT(SB), NOSPLIT, $0-8
	MOVQ pseudoDescriptor+0(FP), AX
	LIDT (AX)
	RET

// func LoadTask(selector uint16)
TEXT ·LoadTask(SB), NOSPLIT, $0-2
	MOVW selector+0(FP), AX
	LTR  AX
	RET

// func SetXCR0(mask uint64)
TEXT ·SetXCR0(SB), NOSPLIT, $0-8
	XORL   CX, CX
	MOVQ   mask+0(FP), AX
	MOVQ   AX, DX
	SHRQ   $32, DX
	XSETBV
	RET

// func ZeroPages(page unsafe.Pointer, count uintptr)
TEXT ·ZeroPages(SB), NOSPLIT, $0-16
	MOVQ page+0(FP), DI
	MOVQ count+8(FP), CX
	SHLQ $6, CX // 64 pieces of 64 bytes a page
	JEQ  done
	XORPS X15, X15
loop:
	MOVUPS X15, 0(DI)
	MOVUPS X15, 16(DI)
	MOVUPS X15, 32(DI)
	MOVUPS X15, 48(DI)
	ADDQ $64, DI
	DECQ CX
	JNE  loop
done:
	RET

// func Fence()
TEXT ·Fence(SB), NOSPLIT, $0-0
	MFENCE
	LFENCE
	RET

// func Load8(address unsafe.Pointer) uint8
TEXT ·Load8(SB), NOSPLIT, $0-9
	MOVQ    address+0(FP), BX
	MOVB    (BX), AX
	MOVB    AX, ret+8(FP)
	RET

// func Load16(address unsafe.Pointer) uint16
TEXT ·Load16(SB), NOSPLIT, $0-10
	MOVQ address+0(FP), BX
	MOVW (BX), AX
	MOVW AX, ret+8(FP)
	RET

// func Load32(address unsafe.Pointer) uint32
TEXT ·Load32(SB), NOSPLIT, $0-12
	MOVQ address+0(FP), BX
	MOVL (BX), AX
	MOVL AX, ret+8(FP)
	RET

// func Store8(address unsafe.Pointer, value uint8)
TEXT ·Store8(SB), NOSPLIT, $0-9
	MOVQ address+0(FP), BX
	MOVB value+8(FP), AX
	MOVB AX, (BX)
	RET

// func Store16(address unsafe.Pointer, value uint16)
TEXT ·Store16(SB), NOSPLIT, $0-10
	MOVQ address+0(FP), BX
	MOVW value+8(FP), AX
	MOVW AX, (BX)
	RET

// func Store32(address unsafe.Pointer, value uint32)
TEXT ·Store32(SB), NOSPLIT, $0-12
	MOVQ address+0(FP), BX
	MOVL value+8(FP), AX
	MOVL AX, (BX)
	RET
