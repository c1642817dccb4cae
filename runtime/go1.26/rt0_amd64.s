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
// demand. The linker package looks for this, and fills in where the packed relocations are, how many bytes
// they take, and where the image goes on behind them. It is an imageMarker (image.go).
DATA runtime·imageMarker+0(SB)/8, $"ringo ke"
DATA runtime·imageMarker+8(SB)/8, $"rnel ima"
DATA runtime·imageMarker+16(SB)/8, $"ge\x00v3\x00\x00\x00"
DATA runtime·imageMarker+24(SB)/8, $runtime·bootStack+const_bootStackSize(SB)
GLOBL runtime·imageMarker(SB), RODATA, $56

// ADDRESS loads a symbol's address in 32-bit mode. What the assembler encodes relative to RIP is an
// absolute displacement here; the call adds the address that was left out. Clobbers CX.
#define ADDRESS(symbol, register) \
	LEAL symbol(SB), register; \
	BYTE $0xE8; LONG $0; \
	POPQ CX; \
	LEAL -5(register)(CX*1), register

// ENTER_GO sets up what Go code needs: a stack (start.go has bootStack), and g0 and m0, as rt0_go will set
// them once more.
#define ENTER_GO \
	LEAQ runtime·bootStack+const_bootStackSize(SB), SP; \
	ANDQ $~15, SP; \
	XORL BP, BP; \
	LEAQ runtime·m0+m_tls(SB), DI; \
	CALL runtime·settls(SB); \
	LEAQ runtime·g0(SB), CX; \
	LEAQ runtime·m0(SB), AX; \
	get_tls(BX); \
	MOVQ CX, g(BX); \
	MOVQ CX, m_g0(AX); \
	MOVQ AX, g_m(CX); \
	LEAQ (-64*1024)(SP), BX; \
	MOVQ BX, g_stackguard0(CX); \
	MOVQ BX, g_stackguard1(CX); \
	MOVQ BX, (g_stack+stack_lo)(CX); \
	MOVQ SP, (g_stack+stack_hi)(CX)

// The ELF entry point and the PVH entry point.
TEXT _rt0_amd64_linux(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	CLI
	CLD
	MOVL BX, SI // start info
	// 1 to 4 MiB is free memory when the image is at 4 MiB; a few words of it are enough here. The first
	// 2 MiB the firmware has used: a host with large pages has made them already.
	BYTE $0xBC; LONG $0x00200000 // mov esp, imm32

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

	// Is the image in memory, all of it? The memory map has a usable entry from the image's start to
	// imageMarker's end. A map of version 0 (none) is not asked.
	CMPL 4(SI), $1
	JCS  enough
	MOVL 40(SI), BX // memory map
	MOVL 48(SI), DI // its entries: start, size (64 bits each), kind
	TESTL DI, DI
	JEQ  enough
	ADDRESS(runtime·bootStack+const_bootStackSize, DX)
region:
	CMPL 16(BX), $1  // usable
	JNE  next
	CMPL 4(BX), $0
	JNE  next
	CMPL 0(BX), $0x400000
	JHI  next
	CMPL 12(BX), $0
	JNE  enough
	MOVL 0(BX), AX
	ADDL 8(BX), AX
	JCS  enough
	CMPL AX, DX
	JCC  enough
next:
	ADDL $24, BX
	SUBL $1, DI
	JNE  region
	JMP  tooSmall
enough:

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
	// "ringo: this processor has no 64-bit mode: start the machine with an x86-64 one\r\n"
	BYTE $0xE8; LONG $84 // call over the text, and so push its address
	LONG $0x676E6972; LONG $0x74203A6F; LONG $0x20736968; LONG $0x636F7270; LONG $0x6F737365; LONG $0x61682072
	LONG $0x6F6E2073; LONG $0x2D343620; LONG $0x20746962; LONG $0x65646F6D; LONG $0x7473203A; LONG $0x20747261
	LONG $0x20656874; LONG $0x6863616D; LONG $0x20656E69; LONG $0x68746977; LONG $0x206E6120; LONG $0x2D363878
	LONG $0x6F203436; LONG $0x0A0D656E; LONG $0x00000000
	JMP  complain

tooSmall:
	// "ringo: this machine has too little memory for the program: start it with more (-m)\r\n"
	BYTE $0xE8; LONG $88 // call over the text, and so push its address
	LONG $0x676E6972; LONG $0x74203A6F; LONG $0x20736968; LONG $0x6863616D; LONG $0x20656E69; LONG $0x20736168
	LONG $0x206F6F74; LONG $0x7474696C; LONG $0x6D20656C; LONG $0x726F6D65; LONG $0x6F662079; LONG $0x68742072
	LONG $0x72702065; LONG $0x6172676F; LONG $0x73203A6D; LONG $0x74726174; LONG $0x20746920; LONG $0x68746977
	LONG $0x726F6D20; LONG $0x2D282065; LONG $0x0A0D296D; LONG $0x00000000

complain:
	// The sentence is on the stack, and goes to the first serial port.
	POPQ BX
say:
	MOVL $0x3FD, DX
	MOVL $100000, CX
ready:
	SUBL $1, CX
	JEQ  silent
	INB
	TESTL $0x20, AX
	JEQ  ready
silent:
	MOVB (BX), AX
	TESTB AX, AX
	JEQ  said
	MOVL $0x3F8, DX
	OUTB
	ADDL $1, BX
	JMP  say
said:
	// The status, as powerOff (exit.go) tells it: "exit 120\n".
	MOVL $0xE9, DX
	INB
	CMPB AX, $0xE9
	JNE  off
	BYTE $0xE8; LONG $12 // call over the text, and so push its address
	LONG $0x74697865; LONG $0x30323120; LONG $0x0000000A
	POPQ BX
tell:
	MOVB (BX), AX
	TESTB AX, AX
	JEQ  off
	OUTB
	ADDL $1, BX
	JMP  tell
off:
	// The keyboard controller's reset line, or a triple fault: an interrupt without a table.
	MOVL $0x64, DX
	MOVL $0xFE, AX
	OUTB
	BYTE $0x6A; BYTE $0                            // push 0
	BYTE $0x6A; BYTE $0                            // push 0
	BYTE $0x0F; BYTE $0x01; BYTE $0x1C; BYTE $0x24 // lidt [esp]
	BYTE $0xCC                                     // int3
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
	BYTE $0xDB; BYTE $0xE3 // fninit
	MOVL SI, SI            // the upper half is undefined after the switch
	MOVQ SI, R12

	ENTER_GO
	SUBQ $32, SP
	MOVQ R12, 0(SP)
	LEAQ runtime·imageMarker(SB), AX
	MOVQ AX, 8(SP)
	CALL runtime·placeImage(SB) // func(startInfo uint64, marker *imageMarker) (slide uintptr)
	MOVQ 16(SP), AX
	LEAQ runtime·rt0Placed(SB), CX
	ADDQ CX, AX
	JMP  AX

// rt0Placed goes on where the image is to stay.
TEXT runtime·rt0Placed(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	ENTER_GO
	SUBQ $32, SP
	CALL runtime·startMachine(SB) // func() (argc int32, argv **byte)
	MOVL 0(SP), DI
	MOVQ 8(SP), SI
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
