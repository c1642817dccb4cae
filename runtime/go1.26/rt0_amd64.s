//go:build ringo

// From the hypervisor's hand-over to the Go runtime's first instruction.
//
// PVH (Xen, docs/misc/pvh.pandoc; QEMU -kernel) enters in 32-bit protected mode with paging off,
// flat segments, interrupts off and EBX pointing to hvm_start_info. There is no stack. Go's
// assembler only speaks 64-bit code, so the part before long mode is written in instructions whose
// encoding is the same in both modes, and in bytes where there is none.

#include "go_asm.h"
#include "go_tls.h"
#include "textflag.h"

#define CR0_WANT $0x80010023 // PG, WP, NE, MP, PE
#define CR4_WANT $0x000006A0 // OSXMMEXCPT, OSFXSR, PGE, PAE
#define EFER $0xC0000080
#define FS_BASE $0xC0000100

#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10

// The descriptors until loadSegments replaces them.
DATA bootGDT<>+8(SB)/8, $0x00AF9A000000FFFF  // 64-bit code
DATA bootGDT<>+16(SB)/8, $0x00CF92000000FFFF // data
GLOBL bootGDT<>(SB), RODATA, $24
DATA bootGDTPointer<>+0(SB)/2, $23
DATA bootGDTPointer<>+2(SB)/8, $bootGDT<>(SB)
GLOBL bootGDTPointer<>(SB), RODATA, $16

// What tells a binary with the kernel in it from any other, and where the memory ends that must be
// zero when the kernel starts; the kernel fills the rest of the program's zeroed variables on
// demand. The linker package looks for this.
DATA runtime·imageMarker+0(SB)/8, $"ringo ke"
DATA runtime·imageMarker+8(SB)/8, $"rnel ima"
DATA runtime·imageMarker+16(SB)/8, $"ge\x00v1\x00\x00\x00"
DATA runtime·imageMarker+24(SB)/8, $runtime·bootStack+const_bootStackSize(SB)
GLOBL runtime·imageMarker(SB), RODATA, $32

DATA noLongMode<>+0(SB)/8, $"ringo: t"
DATA noLongMode<>+8(SB)/8, $"his proc"
DATA noLongMode<>+16(SB)/8, $"essor ha"
DATA noLongMode<>+24(SB)/8, $"s no 64-"
DATA noLongMode<>+32(SB)/8, $"bit mode"
DATA noLongMode<>+40(SB)/8, $": start "
DATA noLongMode<>+48(SB)/8, $"the mach"
DATA noLongMode<>+56(SB)/8, $"ine with"
DATA noLongMode<>+64(SB)/8, $" an x86-"
DATA noLongMode<>+72(SB)/8, $"64 one\r\n"
GLOBL noLongMode<>(SB), RODATA, $80

// ADDRESS loads a symbol's address in 32-bit mode. What the assembler encodes relative to RIP is an
// absolute displacement here; the call adds the address that was left out. Clobbers CX.
#define ADDRESS(symbol, register) \
	LEAL symbol(SB), register; \
	BYTE $0xE8; LONG $0; \
	POPQ CX; \
	LEAL -5(register)(CX*1), register

// The ELF entry point and the PVH entry point.
TEXT _rt0_amd64_linux(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	CLI
	CLD
	MOVL BX, SI // start info
	// 1 to 4 MiB is free memory when the image is at 4 MiB; a few words of it are enough here.
	BYTE $0xBC; LONG $0x00300000 // mov esp, imm32

	// Long mode? (AMD64 APM vol. 3, CPUID Fn8000_0001 EDX bit 29)
	MOVL  $0x80000000, AX
	CPUID
	CMPL  AX, $0x80000001
	JCS   incapable
	MOVL  $0x80000001, AX
	CPUID
	MOVL  DX, BP
	TESTL $(1<<29), BP
	JEQ   incapable

	// The tables: one of 512 GiB, one of 1 GiB entries, four of 2 MiB entries.
	ADDRESS(runtime·bootTables, DI)
	ADDL $4095, DI
	ANDL $~4095, DI
	MOVL DI, BX
	XORL AX, AX
	MOVL $(const_bootTableCount*1024), CX
	REP; STOSL
	LEAL 0x1003(BX), AX // present, writable
	MOVL AX, (BX)
	LEAL 0x2003(BX), AX
	MOVL AX, 0x1000(BX)
	ADDL $0x1000, AX
	MOVL AX, 0x1008(BX)
	ADDL $0x1000, AX
	MOVL AX, 0x1010(BX)
	ADDL $0x1000, AX
	MOVL AX, 0x1018(BX)
	LEAL 0x2000(BX), DI
	MOVL $0x83, AX      // present, writable, 2 MiB
	MOVL $2048, CX
fill:
	MOVL AX, (DI)
	ADDL $0x200000, AX
	ADDL $8, DI
	SUBL $1, CX
	JNE  fill

	ADDRESS(bootGDTPointer<>, AX)
	BYTE $0x0F; BYTE $0x01; BYTE $0x10 // lgdt [eax]

	MOVL CR4_WANT, AX
	BYTE $0x0F; BYTE $0x22; BYTE $0xE0 // mov cr4, eax
	MOVL BX, AX
	BYTE $0x0F; BYTE $0x22; BYTE $0xD8 // mov cr3, eax
	MOVL EFER, CX
	RDMSR
	ORL  $0x101, AX                    // LME, SCE
	TESTL $(1<<20), BP                 // no-execute (same CPUID leaf)
	JEQ  noNX
	ORL  $0x800, AX                    // NXE
noNX:
	WRMSR
	MOVL CR0_WANT, AX
	BYTE $0x0F; BYTE $0x22; BYTE $0xC0 // mov cr0, eax: in compatibility mode now

	ADDRESS(runtime·rt0LongMode, AX)
	BYTE $0x6A; BYTE $SELECTOR_CODE    // push code selector
	PUSHQ AX
	BYTE $0xCB                         // retf

incapable:
	ADDRESS(noLongMode<>, BX)
	MOVL $80, DI
say:
	MOVL $0x3FD, DX
	INB
	TESTL $0x20, AX
	JEQ  say
	MOVB (BX), AX
	MOVL $0x3F8, DX
	OUTB
	ADDL $1, BX
	SUBL $1, DI
	JNE  say
	HLT
	JMP  -1(PC)

TEXT runtime·rt0LongMode(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	MOVL $SELECTOR_DATA, AX
	MOVW AX, DS
	MOVW AX, ES
	MOVW AX, SS
	XORL AX, AX
	MOVW AX, FS
	MOVW AX, GS
	LEAQ runtime·imageMarker(SB), AX // keeps it in the image
	BYTE $0xDB; BYTE $0xE3 // fninit
	MOVL SI, SI            // the upper half is undefined after the switch
	MOVQ SI, R12

	LEAQ runtime·bootStack+const_bootStackSize(SB), SP
	ANDQ $~15, SP
	XORL BP, BP

	// g0 and m0, as rt0_go will set them once more: the code below is Go and looks at its g.
	LEAQ runtime·m0+m_tls(SB), DI
	CALL runtime·settls(SB)
	LEAQ runtime·g0(SB), CX
	LEAQ runtime·m0(SB), AX
	get_tls(BX)
	MOVQ CX, g(BX)
	MOVQ CX, m_g0(AX)
	MOVQ AX, g_m(CX)
	LEAQ (-64*1024)(SP), BX
	MOVQ BX, g_stackguard0(CX)
	MOVQ BX, g_stackguard1(CX)
	MOVQ BX, (g_stack+stack_lo)(CX)
	MOVQ SP, (g_stack+stack_hi)(CX)

	SUBQ $32, SP
	MOVQ R12, 0(SP)
	// startMachine and bootStack are in start.go.
	CALL runtime·startMachine(SB) // func(startInfo uint64) (argc int32, argv **byte)
	MOVL 8(SP), DI
	MOVQ 16(SP), SI
	ADDQ $32, SP
	MOVQ $runtime·rt0_go(SB), AX
	JMP  AX

// settls sets the thread's FS base so that g is at DI (rt0_go's convention: g is at -8(FS)).
TEXT runtime·settls(SB), NOSPLIT, $0
	LEAQ 8(DI), AX
	MOVQ AX, DX
	SHRQ $32, DX
	MOVL FS_BASE, CX
	WRMSR
	RET

// cmd/link asks for these entry points of other build modes; they cannot be reached.
TEXT _rt0_amd64_linux_lib(SB), NOSPLIT, $0
	JMP runtime·abort(SB)
