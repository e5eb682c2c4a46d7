// Interposition: numbered stubs that stand in for any method of any interface, and the path back of a tracked call.
//
// A stub is entered by a virtual call: r3 = this, r4-r10 = arguments, more on the caller's stack, r12 = the stub, LR =
// return address. No frame stays between caller and callee, so that stack arguments are where the callee looks for
// them. r0, r11, r12, CTR and CR0, CR1, CR5-CR7 are volatile at a call and free here. Interfaces pass no floating-point
// or vector arguments.

#define FRAME_SIZE 128
#define SAVED_METHOD 32
#define SAVED_R3 40
#define SAVED_R4 48
#define SAVED_R5 56
#define SAVED_R6 64
#define SAVED_R7 72
#define SAVED_R8 80
#define SAVED_R9 88
#define SAVED_R10 96
#define SAVED_RETURN 104
#define LR_SAVE 16
#define TOC_SAVE 24

    .abiversion 2
    .text

// In: as above, r0 = method number. Out: control at the method of the target that objects_intercept chose, with every
// argument register, the stack pointer and the stack arguments of the caller; LR the caller's, or the return
// trampoline when the call is tracked.
    .p2align 4
    .globl objects_interposed_call
    .type objects_interposed_call, @function
objects_interposed_call:
    mflr    %r11
    std     %r11, LR_SAVE(%r1)
    stdu    %r1, -FRAME_SIZE(%r1)
    std     %r2, TOC_SAVE(%r1)
    std     %r0, SAVED_METHOD(%r1)
    std     %r4, SAVED_R4(%r1)
    std     %r5, SAVED_R5(%r1)
    std     %r6, SAVED_R6(%r1)
    std     %r7, SAVED_R7(%r1)
    std     %r8, SAVED_R8(%r1)
    std     %r9, SAVED_R9(%r1)
    std     %r10, SAVED_R10(%r1)
    std     %r11, SAVED_RETURN(%r1)
    mr      %r4, %r0
    mr      %r5, %r11
    addi    %r6, %r1, FRAME_SIZE
    bl      objects_intercept
    nop
    // r3 = target object, r4 = whether to see the return.
    cmpdi   %r4, 0
    ld      %r11, SAVED_RETURN(%r1)
    beq     1f
    lis     %r11, objects_trampoline_return@highest
    ori     %r11, %r11, objects_trampoline_return@higher
    sldi    %r11, %r11, 32
    oris    %r11, %r11, objects_trampoline_return@high
    ori     %r11, %r11, objects_trampoline_return@l
1:  mtlr    %r11
    ld      %r0, SAVED_METHOD(%r1)
    sldi    %r0, %r0, 3
    ld      %r12, 0(%r3)
    ldx     %r12, %r12, %r0
    mtctr   %r12
    ld      %r2, TOC_SAVE(%r1)
    ld      %r4, SAVED_R4(%r1)
    ld      %r5, SAVED_R5(%r1)
    ld      %r6, SAVED_R6(%r1)
    ld      %r7, SAVED_R7(%r1)
    ld      %r8, SAVED_R8(%r1)
    ld      %r9, SAVED_R9(%r1)
    ld      %r10, SAVED_R10(%r1)
    addi    %r1, %r1, FRAME_SIZE
    bctr
    .size objects_interposed_call, . - objects_interposed_call

// In: a tracked callee has returned: r1 = the caller's stack pointer, r3, r4 = results. Out: at the caller's real return
// address with r1, r3, r4 unchanged. The caller restores r2 itself, as after any call through a pointer.
    .p2align 4
    .globl objects_trampoline_return
    .type objects_trampoline_return, @function
objects_trampoline_return:
    // An unwinder finds this routine in the caller's save slot and asks the thread's records.
    mflr    %r11
    std     %r11, LR_SAVE(%r1)
    stdu    %r1, -FRAME_SIZE(%r1)
    std     %r3, SAVED_R3(%r1)
    std     %r4, SAVED_R4(%r1)
    bl      objects_returned
    nop
    mtlr    %r3
    std     %r3, FRAME_SIZE + LR_SAVE(%r1)
    ld      %r3, SAVED_R3(%r1)
    ld      %r4, SAVED_R4(%r1)
    addi    %r1, %r1, FRAME_SIZE
    blr
    .size objects_trampoline_return, . - objects_trampoline_return

// In: r3 = a refusal, {stubs, status}. Out: r3 = the status, r4 = 0.
    .p2align 4
    .type objects_refused_call, @function
objects_refused_call:
    ld      %r3, 8(%r3)
    li      %r4, 0
    blr
    .size objects_refused_call, . - objects_refused_call

// Stub n: r0 = n, everything else as at its call.
    .p2align 4
objects_interposition_text:
    .set    number, 0
    .rept   256
    li      %r0, number
    b       objects_interposed_call
    .set    number, number + 1
    .endr

    .section .data.rel.ro, "aw", @progbits
    .p2align 3
    .globl objects_interposition_stubs
    .type objects_interposition_stubs, @object
objects_interposition_stubs:
    .set    number, 0
    .rept   256
    .quad   objects_interposition_text + number * 8
    .set    number, number + 1
    .endr
    .size objects_interposition_stubs, . - objects_interposition_stubs

    .globl objects_refusal_stubs
    .type objects_refusal_stubs, @object
objects_refusal_stubs:
    .rept   256
    .quad   objects_refused_call
    .endr
    .size objects_refusal_stubs, . - objects_refusal_stubs
