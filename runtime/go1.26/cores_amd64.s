//go:build ringo

#include "go_asm.h"
#include "textflag.h"

// secondaryEntry is where a core other than the first comes from the trampoline: in long mode with
// the kernel's page tables, without a stack.
TEXT runtime·secondaryEntry(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	BYTE $0xDB; BYTE $0xE3 // fninit
	CLD
	XORL BP, BP
	MOVL $1, AX
	LOCK
	XADDL AX, runtime·coresArrived(SB)
	CMPL AX, runtime·coresExpected(SB)
	JCC  late
	LEAQ runtime·startingCores(SB), BX
	MOVQ (BX)(AX*8), R12
	MOVQ core_idleStackTop(R12), SP
	LEAQ core_idleTLS(R12), DI
	CALL runtime·settls(SB)
	SUBQ $16, SP
	MOVQ R12, 0(SP)
	CALL runtime·startCore(SB)
late:
	CLI
	HLT
	JMP -2(PC)
