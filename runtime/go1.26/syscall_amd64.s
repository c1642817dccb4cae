//go:build ringo

#include "go_asm.h"
#include "funcdata.h"
#include "textflag.h"

// The SYSCALL instruction comes here (IA32_LSTAR): golang.org/x/sys and other assembly use it.
// RCX holds the return address; the stack is still the caller's, and interrupts stay as they were.
// Pushing RCX makes it look as if the instruction had been a call, so that tracebacks and stack
// growth find what they expect.
TEXT runtime·systemCallEntry(SB), NOSPLIT|NOFRAME, $0
	PUSHQ CX
	JMP   runtime·systemCallFrame(SB)

// The registers are Linux's (System V ABI, AMD64 supplement, A.2.1): number in RAX, arguments in
// RDI, RSI, RDX, R10, R8, R9, result or negative errno in RAX; all but RAX, RCX and R11 are kept
// (of the vector registers, the XMM halves).
TEXT runtime·systemCallFrame(SB), NOSPLIT, $424-0
	NO_LOCAL_POINTERS
	MOVQ AX, 0(SP)
	MOVQ DI, 8(SP)
	MOVQ SI, 16(SP)
	MOVQ DX, 24(SP)
	MOVQ R10, 32(SP)
	MOVQ R8, 40(SP)
	MOVQ R9, 48(SP)
	MOVQ BX, 80(SP)
	MOVQ R12, 88(SP)
	MOVQ R13, 96(SP)
	MOVQ R14, 104(SP)
	MOVQ R15, 112(SP)
	MOVQ DI, 120(SP)
	MOVQ SI, 128(SP)
	MOVQ DX, 136(SP)
	MOVQ R10, 144(SP)
	MOVQ R8, 152(SP)
	MOVQ R9, 160(SP)
	MOVUPS X0, 168(SP)
	MOVUPS X1, 184(SP)
	MOVUPS X2, 200(SP)
	MOVUPS X3, 216(SP)
	MOVUPS X4, 232(SP)
	MOVUPS X5, 248(SP)
	MOVUPS X6, 264(SP)
	MOVUPS X7, 280(SP)
	MOVUPS X8, 296(SP)
	MOVUPS X9, 312(SP)
	MOVUPS X10, 328(SP)
	MOVUPS X11, 344(SP)
	MOVUPS X12, 360(SP)
	MOVUPS X13, 376(SP)
	MOVUPS X14, 392(SP)
	MOVUPS X15, 408(SP)
	// Through a register: the linker would count its frames, and those of the calls that are answered
	// early, which come only while packages initialise, with room to spare.
	MOVQ $runtime·instructionCall(SB), AX
	CALL AX // func(number, a1, ..., a6 uintptr) (result uintptr)
	MOVQ 56(SP), AX
	MOVUPS 168(SP), X0
	MOVUPS 184(SP), X1
	MOVUPS 200(SP), X2
	MOVUPS 216(SP), X3
	MOVUPS 232(SP), X4
	MOVUPS 248(SP), X5
	MOVUPS 264(SP), X6
	MOVUPS 280(SP), X7
	MOVUPS 296(SP), X8
	MOVUPS 312(SP), X9
	MOVUPS 328(SP), X10
	MOVUPS 344(SP), X11
	MOVUPS 360(SP), X12
	MOVUPS 376(SP), X13
	MOVUPS 392(SP), X14
	MOVUPS 408(SP), X15
	MOVQ 80(SP), BX
	MOVQ 88(SP), R12
	MOVQ 96(SP), R13
	MOVQ 104(SP), R14
	MOVQ 112(SP), R15
	MOVQ 120(SP), DI
	MOVQ 128(SP), SI
	MOVQ 136(SP), DX
	MOVQ 144(SP), R10
	MOVQ 152(SP), R8
	MOVQ 160(SP), R9
	RET

// func gettimeofday in package syscall calls the vDSO through this pointer, with C's registers.
DATA runtime·vdsoGettimeofdaySym(SB)/8, $0
GLOBL runtime·vdsoGettimeofdaySym(SB), NOPTR, $8
