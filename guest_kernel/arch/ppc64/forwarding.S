// Forwarding: numbered stubs by which an adaptor hands a call on, arguments and return address untouched.
//
// A stub is entered by a virtual call on an adaptor's face: r3 = the face (objects/adaptor_face.h), r4-r10 = arguments,
// more on the caller's stack, r12 = the stub, LR = return address. It leaves by a jump to the method of the object behind
// as an ordinary call through a reference would reach it: r3 = what this CPU's entry holds, r12 = the method. No frame, no
// call, and nothing to do on the way back. r0, r11, r12, CTR and CR0 are volatile at a call and free here.

#include "abi.h"
#include "arch/ppc64/asm_macros.h"
#include "arch/ppc64/asm_offsets.h"

    .abiversion 2
    .text

// In: as above, r0 = 8 times the number of the method wanted. `reference` is the offset in the face of the reference that
// the call goes to. The count is this CPU's own, but a thread may be moved in the middle: hence the reservation.
.macro HAND_ON reference
    lis     %r11, (ABI_PERCPU_BASE >> 48) - 0x10000
    ori     %r11, %r11, (ABI_PERCPU_BASE >> 32) & 0xffff
    sldi    %r11, %r11, 32
    ld      %r11, PERCPU_ID(%r11)
    ld      %r12, ADAPTOR_CALLS(%r3)
    rldimi  %r12, %r11, ADAPTOR_COUNT_SHIFT, 64 - ADAPTOR_COUNT_SHIFT - ADAPTOR_CPU_BITS
1:  ldarx   %r11, 0, %r12
    addi    %r11, %r11, 1
    stdcx.  %r11, 0, %r12
    bne-    1b
    ld      %r3, \reference(%r3)
    // Loaded anew for each call, as by any caller; what it leads to is reached through the value.
    ld      %r3, 0(%r3)
    ld      %r11, 0(%r3)
    ldx     %r12, %r11, %r0
    mtctr   %r12
    bctr
.endm

    .p2align 4
    .type objects_forward, @function
objects_forward:
    HAND_ON ADAPTOR_TARGET
    .size objects_forward, . - objects_forward

    .p2align 4
    .type objects_relay, @function
objects_relay:
    HAND_ON ADAPTOR_NEXT
    .size objects_relay, . - objects_relay

// Stub n of the first table: method n of the object that the adaptor stands for.
    .p2align 4
    .globl objects_forward_stubs
    .type objects_forward_stubs, @object
objects_forward_stubs:
    .set    number, 0
    .rept   256
    li      %r0, number * 8
    b       objects_forward
    .set    number, number + 1
    .endr

// Stub n of the second: method n behind the next adaptor.
    .globl objects_relay_stubs
    .type objects_relay_stubs, @object
objects_relay_stubs:
    .set    number, 0
    .rept   256
    li      %r0, number * 8
    b       objects_relay
    .set    number, number + 1
    .endr
