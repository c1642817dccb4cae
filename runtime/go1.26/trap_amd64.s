//go:build ringo

// Where interrupts and exceptions enter. The processor has switched to a stack of the core's own
// (an IST entry, Intel SDM vol. 3, 6.14.5): a goroutine's stack has no room to spare.

#include "go_asm.h"
#include "go_tls.h"
#include "textflag.h"

// Each vector has a stub of 16 bytes that completes the frame to the same shape: the error code
// where the processor pushes none, and the vector's number.
// The pushes (6A: push imm8) are spelled as bytes so that the assembler does not add them up.
#define STUB(vector) PCALIGN $16; BYTE $0x6A; BYTE $0; BYTE $0x6A; BYTE $vector; JMP trapEntry<>(SB)
#define STUB_ERROR(vector) PCALIGN $16; BYTE $0x6A; BYTE $vector; JMP trapEntry<>(SB)

TEXT runtime·trapStubs(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	STUB(0); STUB(1); STUB(2); STUB(3)
	STUB(4); STUB(5); STUB(6); STUB(7)
	STUB_ERROR(8); STUB(9); STUB_ERROR(10); STUB_ERROR(11)
	STUB_ERROR(12); STUB_ERROR(13); STUB_ERROR(14); STUB(15)
	STUB(16); STUB_ERROR(17); STUB(18); STUB(19)
	STUB(20); STUB_ERROR(21); STUB(22); STUB(23)
	STUB(24); STUB(25); STUB(26); STUB(27)
	STUB(28); STUB_ERROR(29); STUB_ERROR(30); STUB(31)
	STUB(32); STUB(33); STUB(34); STUB(35)
	STUB(36); STUB(37); STUB(38); STUB(39)
	STUB(40); STUB(41); STUB(42); STUB(43)
	STUB(44); STUB(45); STUB(46); STUB(47)
	STUB(48); STUB(49); STUB(50); STUB(51)
	STUB(52); STUB(53); STUB(54); STUB(55)
	STUB(56); STUB(57); STUB(58); STUB(59)
	STUB(60); STUB(61); STUB(62); STUB(63)

// The frame is a thread.Registers. Above it, at the very top of the stack, is the g that handlers
// on this stack run as.
#define frame_g 176

// SELECTOR_DATA is the data segment of each core's table, as in rt0.
#define SELECTOR_DATA 0x10

// vectorSpace is what XSAVE's area may take: thread.VectorSpace.
#define vectorSpace 3072

TEXT trapEntry<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	PUSHQ AX
	PUSHQ CX
	PUSHQ DX
	PUSHQ BX
	PUSHQ BP
	PUSHQ SI
	PUSHQ DI
	PUSHQ R8
	PUSHQ R9
	PUSHQ R10
	PUSHQ R11
	PUSHQ R12
	PUSHQ R13
	PUSHQ R14
	PUSHQ R15
	// Changing the stack has made SS null (Intel SDM vol. 3, 6.14.4 and 6.14.5). It counts for nothing here, but a
	// thread that this core is switched to would go on with it, and QEMU translates all code anew for an
	// SS that is unlike the one before.
	MOVL  $SELECTOR_DATA, AX
	MOVW  AX, SS
	CLD
	MOVQ  SP, BX
	SUBQ  $vectorSpace, SP
	ANDQ  $~63, SP
	MOVQ  SP, R8
	MOVL  $-1, AX
	MOVL  $-1, DX
	CMPB  runtime·useXSAVE(SB), $0
	JEQ   legacy
	// XRSTOR faults on a header with anything but the first word set (SDM vol. 1, 13.4.2).
	XORL  CX, CX
	MOVQ  CX, 512(SP)
	MOVQ  CX, 520(SP)
	MOVQ  CX, 528(SP)
	MOVQ  CX, 536(SP)
	MOVQ  CX, 544(SP)
	MOVQ  CX, 552(SP)
	MOVQ  CX, 560(SP)
	MOVQ  CX, 568(SP)
	XSAVE64 (R8)
	JMP   saved
legacy:
	FXSAVE64 (R8)
saved:
	XORL  BP, BP
	SUBQ  $64, SP
	get_tls(CX)
	MOVQ  g(CX), R9
	MOVQ  frame_g(BX), R10
	MOVQ  R10, g(CX)
	MOVQ  BX, 40(SP)
	MOVQ  R8, 48(SP)
	MOVQ  R9, 56(SP)
	MOVQ  BX, 0(SP)
	MOVQ  R8, 8(SP)
	MOVQ  R9, 16(SP)
	// Through a register, as this is a new stack: the linker's count of nosplit frames ends here.
	MOVQ  $runtime·trap(SB), AX
	CALL  AX // func(r *thread.Registers, vectors unsafe.Pointer, interrupted *g) (next *thread.Thread)
	MOVQ  24(SP), DI
	MOVQ  56(SP), R9
	get_tls(CX)
	MOVQ  R9, g(CX)
	TESTQ DI, DI
	JNE   leave
	MOVQ  48(SP), R8
	MOVL  $-1, AX
	MOVL  $-1, DX
	CMPB  runtime·useXSAVE(SB), $0
	JEQ   legacyBack
	XRSTOR64 (R8)
	JMP   back
legacyBack:
	FXRSTOR64 (R8)
back:
	MOVQ  40(SP), SP
	POPQ  R15
	POPQ  R14
	POPQ  R13
	POPQ  R12
	POPQ  R11
	POPQ  R10
	POPQ  R9
	POPQ  R8
	POPQ  DI
	POPQ  SI
	POPQ  BP
	POPQ  BX
	POPQ  DX
	POPQ  CX
	POPQ  AX
	ADDQ  $16, SP
	IRETQ

leave:
	// Another thread is due on this core; trap has saved this one.
	MOVQ $ringo_os∕kernel∕early∕thread·Load(SB), AX
	JMP  AX

// func loadSegments(gdt, idt unsafe.Pointer, task uint16)
// Makes new descriptor tables count: the selectors are read again from them.
TEXT runtime·loadSegments(SB), NOSPLIT, $0-24
	MOVQ gdt+0(FP), AX
	LGDT (AX)
	MOVQ idt+8(FP), AX
	LIDT (AX)
	MOVW task+16(FP), AX
	LTR  AX
	RET

// threadEntry is where a new M's thread starts: interrupts are off, FS is set, and the runtime has
// put the M's g0 where g belongs.
TEXT runtime·threadEntry(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	STI
	CALL runtime·mstart(SB)
	CALL runtime·exitFinishedThread(SB)
	INT  $3

// func stuckEntry()
TEXT runtime·stuckEntry(SB), NOSPLIT, $0
	INT $35 // vectorStuck
	RET

// func raiseMachineCheck()
TEXT runtime·raiseMachineCheck(SB), NOSPLIT, $0
	INT $18
	RET

// faultEntry is where a thread goes on whose exception ends the program: on its m's signal stack,
// still as the g that was interrupted.
TEXT runtime·faultEntry(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	get_tls(CX)
	MOVQ g(CX), AX
	MOVQ g_m(AX), AX
	MOVQ (m_mOS+mOS_ownSignal)(AX), AX
	MOVQ AX, g(CX)
	CLD
	XORL BP, BP
	CALL runtime·faulted(SB)
	INT  $3

// idleEntry is where a core's idle thread starts.
TEXT runtime·idleEntry(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	CALL runtime·idle(SB)
	INT  $3

