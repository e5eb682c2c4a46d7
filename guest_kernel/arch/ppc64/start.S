// First instructions of every CPU: real mode, interrupts off.
#include "abi.h"
#include "arch/ppc64/asm_macros.h"
#include "arch/ppc64/asm_offsets.h"

    .text

// In: r3 = CPU, r4 = &BootInfo (CPU 0) or physical PerCpu (others). At the physical address; goes to the linked one,
// whose top four bits real mode ignores, takes the CPU's boot stack and calls boot_real_mode(cpu, argument), then, with
// translation on, boot_translated(cpu).
FUNCTION start
    LOAD_ADDRESS 5, linked_start
    mtctr   5
    bctr
linked_start:
    LOAD_ADDRESS 2, .TOC.
    LOAD_ADDRESS 1, cpu_stacks
    addi    5, 3, 1
    sldi    5, 5, CPU_STACKS_SHIFT
    add     1, 1, 5                     // the end of this CPU's stacks
    li      0, 0
    stdu    0, -STACK_HEADER(1)         // back chain 0: the walk ends here
    li      13, 0                       // no thread yet
    mr      31, 3
    bl      boot_real_mode
    nop
    mfmsr   4
    ori     4, 4, ASM_MSR_IR | ASM_MSR_DR | ASM_MSR_RI
    mtsrr1  4
    LOAD_ADDRESS 5, translated_start
    mtsrr0  5
    rfid                                // synchronises context: translation is on for the next instruction
translated_start:
    mr      3, 31
    bl      boot_translated
    nop
    trap
END_FUNCTION start
