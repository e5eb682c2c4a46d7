// Does what the boot argument `fault` names, once the kernel is up: every one of these must end in a panic.
#include "arch/ppc64/address_space.h"
#include "arch/ppc64/cpu.h"
#include "arch/ppc64/hypercall.h"
#include "arch/ppc64/image.h"
#include "arch/ppc64/mmu.h"
#include "arch/ppc64/user.h"
#include "kernel/boot_argument.h"
#include "kernel/frames.h"
#include "kernel/init.h"
#include "kernel/thread.h"

namespace {

using Code = void (*)();

constexpr uint64_t blr = 0x4E80'0020;
constexpr uint64_t user_page = 0x1000'0000;
uint64_t writable_code[2] = {blr << 32 | blr, blr << 32 | blr};
const uint64_t constant_code[2] = {blr << 32 | blr, blr << 32 | blr};

void store(uint64_t address) { *reinterpret_cast<volatile uint64_t*>(address) = 1; }
void load(uint64_t address)
{
    uint64_t value;
    asm volatile("ld %0, 0(%1)" : "=&r"(value) : "b"(address) : "memory");
}
void call(uint64_t address)
{
    asm volatile("mtctr %0\n\tbctrl" : : "r"(address) : "memory", "ctr", "lr", "r0", "r11", "r12");
}

uint64_t address_of(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

void store_text() { store(address_of(__text_start)); }
void store_text_alias() { store(address_of(arch::linear(arch::physical(__text_start)))); }
void store_constant() { store(address_of(constant_code)); }
void store_null() { store(8); }
void load_null() { load(0x48); }
void call_null() { call(0); }
void call_data() { call(address_of(writable_code)); }
void call_constant() { call(address_of(constant_code)); }
void call_linear() { call(address_of(arch::linear(arch::physical(__text_start)))); }
void call_vectors() { call(abi::KERNEL_BASE + 0x300); }
void call_stack()
{
    const uint64_t code[2] = {blr << 32 | blr, blr << 32 | blr};
    asm volatile("" : : "r"(code) : "memory");
    call(address_of(code));
}
void load_unmapped() { load(abi::STACK_BASE + 0x70'0000'0000); }
void load_missing_device() { load(arch::device_address(0) + 0xFF8); }
void load_misaligned_device() { load(arch::device_address(0) + 4); }
void load_outside() { load(0xD123'4567'89AB'CDE8); }

void call_user()
{
    arch::AddressSpace space;
    const auto frame = kernel::allocate_frames(1);
    if (!space.open().ok() || !frame.ok())
        return;
    *static_cast<uint64_t*>(arch::linear(frame.value())) = blr << 32 | blr;
    arch::code_sync(frame.value(), 8);
    if (space.map(user_page, frame.value(), arch::Protection::READ_EXECUTE).ok()) {
        kernel::current_thread()->set_pid(space.pid());
        call(user_page);
    }
}

[[gnu::noinline]] uint64_t recurse(uint64_t depth)
{
    volatile char space[200];
    space[0] = static_cast<char>(depth);
    return depth == ~uint64_t{0} ? 0 : recurse(depth + 1) + space[0];
}
void overflow() { recurse(0); }

[[gnu::noinline]] void large_frame()
{
    char space[0x3F00];
    asm volatile("" : : "r"(space) : "memory");
}
[[gnu::noinline]] uint64_t recurse_with_interrupts(uint64_t depth)
{
    for (volatile unsigned i = 0; i < 3000; i = i + 1)
        ;
    volatile char space[16];
    space[0] = static_cast<char>(depth);
    return depth == ~uint64_t{0} ? 0 : recurse_with_interrupts(depth + 1) + space[0];
}
void overflow_under_interrupts() { recurse_with_interrupts(0); }

void wild_stack() { asm volatile("li 1, 0x1234\n\tstd 0, 16(1)" : : : "memory"); }
void high_stack() { asm volatile("li 1, -4096\n\tstd 0, 16(1)" : : : "memory"); }
void misaligned_stack() { asm volatile("addi 1, 1, 3\n\ttrap" : : : "memory"); }
void illegal_instruction() { asm volatile(".long 0"); }
void trap_instruction() { arch::trap(); }
// The build refuses such instructions in the image, so this one is written at run time.
void floating_point()
{
    constexpr uint64_t fadd = 0xFC00'002A;
    constexpr uint64_t address = abi::MODULE_END - abi::PAGE_SIZE;
    const auto frame = kernel::allocate_frames(1);
    if (!frame.ok())
        return;
    *static_cast<uint64_t*>(arch::linear(frame.value())) = fadd << 32 | blr;
    arch::code_sync(frame.value(), 8);
    if (arch::map_page(address, frame.value(), arch::Protection::READ_EXECUTE).ok())
        call(address);
}
void overflow_with_interrupts_off()
{
    arch::irq_disable();
    recurse(0);
}
void corrupt_thread_register()
{
    asm volatile("li 13, 0" : : : "memory");
    load(0);
}

struct Fault {
    const char* name;
    Code code;
};

#define FAULT(name) {#name, name}
constexpr Fault faults[] = {
    FAULT(store_text), FAULT(store_text_alias), FAULT(store_constant), FAULT(store_null), FAULT(load_null),
    FAULT(call_null), FAULT(call_data), FAULT(call_constant), FAULT(call_linear), FAULT(call_vectors),
    FAULT(call_stack), FAULT(call_user), FAULT(load_unmapped), FAULT(load_missing_device),
    FAULT(load_misaligned_device), FAULT(load_outside), FAULT(overflow), FAULT(large_frame),
    FAULT(overflow_under_interrupts), FAULT(wild_stack), FAULT(high_stack), FAULT(misaligned_stack), FAULT(illegal_instruction),
    FAULT(trap_instruction), FAULT(floating_point), FAULT(overflow_with_interrupts_off),
    FAULT(corrupt_thread_register),
};

bool equal(const char* left, const char* right)
{
    while (*left != 0 && *left == *right) {
        ++left;
        ++right;
    }
    return *left == *right;
}

}

// The function that every backtrace must show.
extern "C" [[gnu::noinline]] void cause_fault(const char* name)
{
    for (const Fault& fault : faults) {
        if (equal(fault.name, name))
            fault.code();
    }
    asm volatile("" : : : "memory"); // keeps the calls above from being the last, so that this frame stays
}

namespace {

kernel::Status cause_named_fault()
{
    char name[40];
    if (kernel::boot_argument("fault", name, sizeof(name)))
        cause_fault(name);
    return {};
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction s_fault{
    kernel::InitStage::Monitor, "aaa-fault", cause_named_fault};

}
