// Problem state: system calls, registers, privilege and faults, copies to and from a program.
#include "arch/ppc64/address_space.h"
#include "arch/ppc64/cpu.h"
#include "arch/ppc64/hypercall.h"
#include "arch/ppc64/user.h"
#include "kernel/frames.h"
#include "kernel/test.h"
#include "kernel/thread.h"

extern "C" {
extern const char program_increment[], program_increment_end[];
extern const char program_keep_registers[], program_keep_registers_end[];
extern const char program_store[], program_store_end[];
extern const char program_load[], program_load_end[];
extern const char program_jump[], program_jump_end[];
extern const char program_privileged[], program_privileged_end[];
extern const char program_hypercall[], program_hypercall_end[];
extern const char program_illegal[], program_illegal_end[];
extern const char program_trap[], program_trap_end[];
}

namespace arch {

namespace {

constexpr uint64_t text_page = 0x1000'0000;
constexpr uint64_t data_page = 0x2000'0000;
constexpr uint64_t constants_page = 0x2000'1000;
constexpr uint64_t stack_top = data_page + abi::PAGE_SIZE - 64;
constexpr uint64_t program_privileged_bit = 0x4'0000;
constexpr uint64_t program_illegal_bit = 0x8'0000;
constexpr uint64_t program_trap_bit = 0x2'0000;

// A process with a page each of text, data and constants, in which the current thread runs programs.
class Process {
public:
    Process(const char* begin, const char* end)
    {
        EXPECT(m_space.open().ok());
        m_text = new_page(text_page, Protection::READ_EXECUTE);
        m_data = new_page(data_page, Protection::READ_WRITE);
        m_constants = new_page(constants_page, Protection::READ);
        auto* text = static_cast<char*>(linear(m_text));
        for (const char* from = begin; from != end; ++from)
            *text++ = *from;
        code_sync(m_text, static_cast<uint64_t>(end - begin));
        kernel::current_thread()->set_pid(m_space.pid());
    }
    ~Process()
    {
        kernel::current_thread()->set_pid(EMPTY_PID);
        m_space.close();
        kernel::free_frames(m_text, 1);
        kernel::free_frames(m_data, 1);
        kernel::free_frames(m_constants, 1);
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    AddressSpace& space() { return m_space; }
    uint64_t* data() { return static_cast<uint64_t*>(linear(m_data)); }

    // Starts the program with `argument` and runs it to its first call or fault.
    Vector run(uint64_t argument)
    {
        context.start(text_page, stack_top, argument);
        return run_user(context);
    }

    UserContext context;

private:
    uint64_t new_page(uint64_t address, Protection protection)
    {
        const kernel::Result<uint64_t> frame = kernel::allocate_frames(1);
        EXPECT(frame.ok());
        EXPECT(m_space.map(address, frame.value(), protection).ok());
        return frame.value();
    }

    AddressSpace m_space;
    uint64_t m_text;
    uint64_t m_data;
    uint64_t m_constants;
};

kernel::Test system_calls{"problem_state.system_calls", [] {
    Process process(program_increment, program_increment_end);
    EXPECT(process.run(41) == Vector::SYSTEM_CALL);
    EXPECT(process.context.registers.gpr[3] == 42);
    process.context.registers.gpr[3] = 7;
    EXPECT(run_user(process.context) == Vector::SYSTEM_CALL);
    EXPECT(process.context.registers.gpr[3] == 8);
    EXPECT(irq_enabled());
}};

// Long enough for timer interrupts and switches to other threads in between.
kernel::Test registers{"problem_state.registers", [] {
    Process process(program_keep_registers, program_keep_registers_end);
    EXPECT(process.run(300'000) == Vector::SYSTEM_CALL);
    const TrapFrame& frame = process.context.registers;
    EXPECT(frame.gpr[1] == stack_top);
    EXPECT(frame.gpr[3] == 0);
    for (unsigned i = 4; i < 32; ++i)
        EXPECT(frame.gpr[i] == 0x100 + i);
    EXPECT(frame.gpr[0] == 0x100 && frame.gpr[2] == 0x102);
    EXPECT(frame.lr == 0x11E && frame.ctr == 0x11F && frame.cr == 0x10E);
    // SO, OV and CA: the last addic. (1 - 1) carries out.
    EXPECT((frame.xer & 0xE000'0000) == 0xE000'0000);
}};

kernel::Test kernel_is_out_of_reach{"problem_state.kernel_is_out_of_reach", [] {
    Process loads(program_load, program_load_end);
    constexpr uint64_t kernel_addresses[] = {abi::KERNEL_BASE + abi::KERNEL_LOAD, abi::LINEAR_BASE, abi::PERCPU_BASE};
    for (const uint64_t address : kernel_addresses) {
        EXPECT(loads.run(address) == Vector::DATA_STORAGE);
        EXPECT(loads.context.registers.dar == address);
    }
    EXPECT(loads.run(0) == Vector::DATA_STORAGE);
    Process jumps(program_jump, program_jump_end);
    EXPECT(jumps.run(abi::KERNEL_BASE + abi::KERNEL_LOAD) == Vector::INSTRUCTION_STORAGE);
    EXPECT(jumps.context.registers.srr0 == abi::KERNEL_BASE + abi::KERNEL_LOAD);
}};

kernel::Test page_protections{"problem_state.page_protections", [] {
    Process stores(program_store, program_store_end);
    EXPECT(stores.run(data_page) == Vector::SYSTEM_CALL);
    EXPECT(stores.run(text_page) == Vector::DATA_STORAGE);
    EXPECT(stores.run(constants_page) == Vector::DATA_STORAGE);
    EXPECT(stores.context.registers.dar == constants_page);
    Process jumps(program_jump, program_jump_end);
    EXPECT(jumps.run(data_page) == Vector::INSTRUCTION_STORAGE);
}};

// A fault is repaired and the instruction restarts.
kernel::Test fault_restarts{"problem_state.fault_restarts", [] {
    Process process(program_load, program_load_end);
    EXPECT(process.space().unmap(data_page).ok());
    EXPECT(process.run(data_page + 8) == Vector::DATA_STORAGE);
    EXPECT(process.context.registers.dar == data_page + 8);
    process.data()[1] = 1234;
    EXPECT(process.space().map(data_page, physical(process.data()), Protection::READ_WRITE).ok());
    EXPECT(run_user(process.context) == Vector::SYSTEM_CALL);
    EXPECT(process.context.registers.gpr[4] == 1234);
}};

void expect_program_fault(const char* begin, const char* end, uint64_t reason)
{
    Process process(begin, end);
    EXPECT(process.run(0) == Vector::PROGRAM);
    EXPECT((process.context.registers.srr1 & reason) != 0);
}

kernel::Test privilege{"problem_state.privilege", [] {
    expect_program_fault(program_privileged, program_privileged_end, program_privileged_bit);
    expect_program_fault(program_trap, program_trap_end, program_trap_bit);
    Process process(program_hypercall, program_hypercall_end);
    EXPECT(process.run(0) == Vector::PROGRAM);
}};

kernel::Test illegal{"problem_state.illegal_instruction", [] {
    Process process(program_illegal, program_illegal_end);
    const Vector vector = process.run(0);
    EXPECT(vector == Vector::EMULATION_ASSISTANCE
           || (vector == Vector::PROGRAM && (process.context.registers.srr1 & program_illegal_bit) != 0));
    EXPECT(process.context.registers.srr0 == text_page);
}};

kernel::Test copies{"problem_state.copies", [] {
    Process process(program_trap, program_trap_end);
    char text[21] = "0123456789abcdefghij";
    EXPECT(copy_out(data_page + 3, text, sizeof(text)).ok());
    char back[21] = {};
    EXPECT(copy_in(back, data_page + 3, sizeof(back)).ok());
    for (unsigned i = 0; i < sizeof(text); ++i)
        EXPECT(back[i] == text[i]);
}};

kernel::Test copies_fault{"problem_state.copies_fault", [] {
    using kernel::Code;
    Process process(program_trap, program_trap_end);
    uint64_t word = 0;
    EXPECT(copy_in(&word, 0, 8) == Code::FAULT);
    EXPECT(copy_in(&word, 0, 1) == Code::FAULT);
    EXPECT(copy_out(text_page, &word, 8) == Code::FAULT);
    EXPECT(copy_out(constants_page, &word, 1) == Code::FAULT);
    // The second page is not mapped: a copy that runs into it.
    EXPECT(copy_out(constants_page - 4, &word, 8) == Code::FAULT);
    // Kernel addresses, and ranges that wrap into them.
    EXPECT(copy_in(&word, abi::KERNEL_BASE + abi::KERNEL_LOAD, 8) == Code::FAULT);
    EXPECT(copy_in(&word, user_end - 4, 8) == Code::FAULT);
    EXPECT(copy_in(&word, ~uint64_t{0} - 3, 8) == Code::FAULT);
    // Quadrant 1 is another name for a program's addresses, not one that it may give.
    EXPECT(copy_in(&word, uint64_t{1} << 62 | data_page, 8) == Code::FAULT);
    EXPECT(irq_enabled());
}};

// Two processes have different frames at one address.
kernel::Test separation{"problem_state.separation", [] {
    Process first(program_load, program_load_end);
    first.data()[0] = 1;
    {
        Process second(program_load, program_load_end);
        second.data()[0] = 2;
        EXPECT(second.run(data_page) == Vector::SYSTEM_CALL);
        EXPECT(second.context.registers.gpr[4] == 2);
    }
    kernel::current_thread()->set_pid(first.space().pid());
    EXPECT(first.run(data_page) == Vector::SYSTEM_CALL);
    EXPECT(first.context.registers.gpr[4] == 1);
}};

kernel::Test frames_come_back{"problem_state.frames_come_back", [] {
    { Process warm(program_trap, program_trap_end); }
    const uint64_t free = kernel::frames_free();
    {
        Process process(program_trap, program_trap_end);
        EXPECT(kernel::frames_free() < free);
    }
    EXPECT(kernel::frames_free() == free);
}};

}

}
