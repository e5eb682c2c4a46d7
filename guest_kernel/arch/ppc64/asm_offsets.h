// Constants that assembly shares with C++: preprocessor text only, because the assembler reads this file too.
// Each is asserted where the structure it describes is defined (trap_frame.h, percpu.h, context.h).
#pragma once

// Machine state register.
#define ASM_MSR_EE 0x8000
#define ASM_MSR_PR 0x4000
#define ASM_MSR_IR 0x20
#define ASM_MSR_DR 0x10
#define ASM_MSR_RI 0x2

// TrapFrame, from its start.
#define FRAME_GPR 0
#define FRAME_CR 256
#define FRAME_XER 264
#define FRAME_LR 272
#define FRAME_CTR 280
#define FRAME_SRR0 288
#define FRAME_SRR1 296
#define FRAME_DAR 304
#define FRAME_DSISR 312
#define FRAME_VECTOR 320
#define FRAME_SIZE 336

// An ELFv2 stack frame's header: back chain, CR, LR, TOC.
#define STACK_HEADER 32
#define STACK_LR 16
// What compiled code may use below r1 without moving r1 (ELFv2: 288 bytes): a trap frame goes below it.
#define RED_ZONE 288
// A trap frame with its header, as pushed by the exception entry.
#define TRAP_PUSH (STACK_HEADER + FRAME_SIZE)

// PerCpu, from its start.
#define PERCPU_SAVED_R1 0
#define PERCPU_SAVED_R3 8
#define PERCPU_SAVED_R4 16
#define PERCPU_SAVED_R5 24
#define PERCPU_SAVED_CR 32
#define PERCPU_SAVED_SRR0 40
#define PERCPU_SAVED_SRR1 48
#define PERCPU_STACK_LIMIT 56
#define PERCPU_STACK_HIGH 64
#define PERCPU_EMERGENCY_HIGH 72
#define PERCPU_EMERGENCY_LIMIT 80
#define PERCPU_USER_STACK 88
#define PERCPU_CURRENT_THREAD 96
#define PERCPU_ID 136

// An adaptor's face, from its start, and what it counts calls in: one count for each of 1 << ADAPTOR_CPU_BITS CPUs,
// 1 << ADAPTOR_COUNT_SHIFT bytes apart, the first at a multiple of the size of all.
#define ADAPTOR_TARGET 16
#define ADAPTOR_NEXT 24
#define ADAPTOR_CALLS 32
#define ADAPTOR_CPU_BITS 3
#define ADAPTOR_COUNT_SHIFT 7

// Context, from its start.
#define CONTEXT_STACK_POINTER 0
#define CONTEXT_THREAD 8

// A frame that keeps r14-r31 (and one argument) over a switch of context or a stay in problem state.
#define KEEP_GPR(n) (STACK_HEADER + ((n) - 14) * 8)
#define KEEP_ARGUMENT (STACK_HEADER + 18 * 8)
#define KEEP_FRAME (STACK_HEADER + 18 * 8 + 16)

// Stacks in the image, per CPU: unmapped page, emergency stack, unmapped page, boot stack. In this order, so that a back
// chain from the emergency stack always ascends.
#define CPU_STACK_BYTES 0x3000
#define CPU_STACKS_SHIFT 15
// What an exception needs free below r1 to be handled on the stack it interrupted.
#define STACK_RESERVE 0x800
