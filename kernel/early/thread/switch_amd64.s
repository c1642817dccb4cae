//go:build ringo

// Leaving one thread for another. The offsets are those of thread.go and core.go, checked there.

#include "textflag.h"

#define thread_stackPointer 8
#define thread_base 16
#define thread_preempted 24
#define thread_registers 32
#define thread_vectorState 1024

#define core_self 0
#define core_current 8
#define core_lock 16
#define core_fastBase 20

#define MSR_FS_BASE $0xC0000100

// func This() *Core
TEXT ·This(SB), NOSPLIT, $0-8
	MOVQ core_self(GS), AX
	MOVQ AX, ret+0(FP)
	RET

// func Current() *Thread
TEXT ·Current(SB), NOSPLIT, $0-8
	MOVQ core_current(GS), AX
	MOVQ AX, ret+0(FP)
	RET

// func switchTo(from, to *Thread)
// By the Go ABI the caller expects nothing of the registers but SP and BP.
TEXT ·switchTo(SB), NOSPLIT|NOFRAME, $0-16
	MOVQ  from+0(FP), AX
	MOVQ  to+8(FP), DI
	PUSHQ BP
	MOVQ  SP, thread_stackPointer(AX)
	MOVQ  $0, thread_preempted(AX)
	JMP   ·Load(SB)

// Load goes on with the thread in DI. Interrupts are off. It does not return to its caller.
TEXT ·Load(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ thread_base(DI), AX
	CMPL core_fastBase(GS), $0
	JEQ  slow
	BYTE $0xF3; BYTE $0x48; BYTE $0x0F; BYTE $0xAE; BYTE $0xD0 // wrfsbase rax
	JMP  based
slow:
	MOVQ AX, DX
	SHRQ $32, DX
	MOVL MSR_FS_BASE, CX
	WRMSR
based:
	CMPQ thread_preempted(DI), $0
	JNE  preempted
	MOVQ thread_stackPointer(DI), BX
	MOVQ 0(BX), BP
	MOVQ 8(BX), AX // the return address
	LEAQ 16(BX), SP
	MOVL $0, core_lock(GS)
	JMP  AX

preempted:
	// Everything is in the thread's own page: nothing of any stack is touched.
	LEAQ thread_vectorState(DI), BX
	MOVL $-1, AX
	MOVL $-1, DX
	CMPB ·UseXSAVE(SB), $0
	JEQ  legacy
	XRSTOR64 (BX)
	JMP  vectors
legacy:
	FXRSTOR64 (BX)
vectors:
	LEAQ thread_registers(DI), SP
	MOVL $0, core_lock(GS)
	POPQ R15
	POPQ R14
	POPQ R13
	POPQ R12
	POPQ R11
	POPQ R10
	POPQ R9
	POPQ R8
	POPQ DI
	POPQ SI
	POPQ BP
	POPQ BX
	POPQ DX
	POPQ CX
	POPQ AX
	ADDQ $16, SP // vector and error code
	IRETQ
