// What one CPU changes in the page tables, and what the others see of it. With one CPU the same steps run on that one.
#include "arch/ppc64/address_space.h"
#include "arch/ppc64/hypercall.h"
#include "arch/ppc64/mmu.h"
#include "arch/ppc64/percpu.h"
#include "arch/ppc64/user.h"
#include "kernel/event.h"
#include "kernel/frames.h"
#include "kernel/test.h"
#include "kernel/thread.h"

extern "C" {
uint64_t copy_user(void* destination, const void* source, size_t size);
extern const char program_wait[], program_wait_end[];
}

namespace arch {

namespace {

constexpr uint64_t test_page = abi::GLOBAL_TABLE_BASE + 0x40'0000'0000;
constexpr uint64_t code_page = abi::MODULE_END - abi::PAGE_SIZE;
constexpr uint64_t user_text = 0x1000'0000;
constexpr uint64_t user_data = 0x2000'0000;

int last_cpu() { return static_cast<int>(cpu_count()) - 1; }

// Runs steps on the last CPU, one at a time, while the test waits.
class Remote {
public:
    using Step = uint64_t (*)();

    Remote()
    {
        const kernel::ThreadOptions options{.name = "remote", .cpu = last_cpu(), .counted = false};
        EXPECT(kernel::Thread::create(options, run, reinterpret_cast<uint64_t>(this)).ok());
    }
    ~Remote()
    {
        call(nullptr);
    }
    Remote(const Remote&) = delete;
    Remote& operator=(const Remote&) = delete;

    uint64_t call(Step step)
    {
        m_step = step;
        m_wanted.signal();
        m_done.consume();
        return m_result;
    }

private:
    static void run(uint64_t argument)
    {
        auto& remote = *reinterpret_cast<Remote*>(argument);
        for (Step step = remote.next(); step != nullptr; step = remote.next()) {
            remote.m_result = step();
            remote.m_done.signal();
        }
        remote.m_done.signal();
    }

    Step next()
    {
        m_wanted.consume();
        return m_step;
    }

    kernel::Event m_wanted;
    kernel::Event m_done;
    Step m_step = nullptr;
    uint64_t m_result = 0;
};

// The word at the test page, or 0 when it cannot be read.
uint64_t read_test_page()
{
    uint64_t word;
    return copy_user(&word, reinterpret_cast<const void*>(test_page), sizeof(word)) == 0 ? word : 0;
}

uint64_t write_test_page()
{
    const uint64_t word = 3;
    return copy_user(reinterpret_cast<void*>(test_page), &word, sizeof(word)) == 0 ? 1 : 0;
}

uint64_t new_frame(uint64_t first_word)
{
    const uint64_t frame = kernel::allocate_frames(1).value();
    *static_cast<uint64_t*>(linear(frame)) = first_word;
    return frame;
}

kernel::Test shoot_down{"cross_cpu.shoot_down", [] {
    const uint64_t frames[2] = {new_frame(1), new_frame(2)};
    Remote remote;
    EXPECT(map_page(test_page, frames[0], Protection::READ_WRITE).ok());
    EXPECT(remote.call(read_test_page) == 1 && read_test_page() == 1);
    EXPECT(unmap_page(test_page).ok());
    EXPECT(remote.call(read_test_page) == 0 && read_test_page() == 0);
    EXPECT(map_page(test_page, frames[1], Protection::READ_WRITE).ok());
    EXPECT(remote.call(read_test_page) == 2 && read_test_page() == 2);
    EXPECT(remote.call(write_test_page) == 1);
    EXPECT(protect_page(test_page, Protection::READ).ok());
    EXPECT(remote.call(write_test_page) == 0 && write_test_page() == 0);
    EXPECT(remote.call(read_test_page) == 3);
    EXPECT(unmap_page(test_page).ok());
    for (const uint64_t frame : frames)
        kernel::free_frames(frame, 1);
}};

// li 3, value; blr
constexpr uint64_t code_returning(uint64_t value) { return (0x3860'0000 | value) << 32 | 0x4E80'0020; }

uint64_t call_code_page()
{
    uint64_t result;
    asm volatile("mtctr %1\n\tbctrl\n\tmr %0, 3" : "=r"(result) : "r"(code_page) : "r3", "ctr", "lr", "memory");
    return result;
}

kernel::Test new_code{"cross_cpu.new_code", [] {
    const uint64_t frame = new_frame(code_returning(1));
    Remote remote;
    code_sync(frame, sizeof(uint64_t));
    EXPECT(map_page(code_page, frame, Protection::READ_EXECUTE).ok());
    EXPECT(remote.call(call_code_page) == 1 && call_code_page() == 1);
    EXPECT(protect_page(code_page, Protection::READ_WRITE).ok());
    *reinterpret_cast<uint64_t*>(code_page) = code_returning(2);
    code_sync(frame, sizeof(uint64_t));
    EXPECT(protect_page(code_page, Protection::READ_EXECUTE).ok());
    EXPECT(remote.call(call_code_page) == 2 && call_code_page() == 2);
    EXPECT(unmap_page(code_page).ok());
    kernel::free_frames(frame, 1);
}};

uint64_t read_local_page()
{
    return *reinterpret_cast<const uint64_t*>(abi::PERCPU_BASE + 0x20'0000'0000);
}

kernel::Test local_pages{"cross_cpu.local_pages", [] {
    const auto remote_cpu = static_cast<unsigned>(last_cpu());
    const uint64_t frames[2] = {new_frame(10), new_frame(11)};
    const uint64_t page = abi::PERCPU_BASE + 0x20'0000'0000;
    kernel::preempt_disable();
    const unsigned here = cpu_id();
    EXPECT(map_local_page(here, page, frames[0], Protection::READ_WRITE).ok());
    EXPECT(read_local_page() == 10);
    kernel::preempt_enable();
    if (remote_cpu != here) {
        Remote remote;
        EXPECT(map_local_page(remote_cpu, page, frames[1], Protection::READ_WRITE).ok());
        EXPECT(remote.call(read_local_page) == 11);
        EXPECT(unmap_local_page(remote_cpu, page).ok());
    }
    EXPECT(unmap_local_page(here, page).ok());
    for (const uint64_t frame : frames)
        kernel::free_frames(frame, 1);
}};

// A thread that is in problem state while it is moved to each CPU in turn.
struct Traveller {
    kernel::Thread* thread;
    uint64_t data;
    kernel::Event done;
};

void move_around(uint64_t argument)
{
    auto& traveller = *reinterpret_cast<Traveller*>(argument);
    for (unsigned round = 0; round < 8; ++round) {
        kernel::sleep_until(clock_read() + 20'000);
        EXPECT(traveller.thread->move_to(round % cpu_count()).ok());
    }
    kernel::sleep_until(clock_read() + 20'000);
    *static_cast<volatile uint64_t*>(linear(traveller.data)) = 1;
    traveller.done.signal();
}

kernel::Test program_moves{"cross_cpu.program_moves", [] {
    AddressSpace space;
    EXPECT(space.open().ok());
    const uint64_t text = new_frame(0);
    Traveller traveller{kernel::current_thread(), new_frame(0), {}};
    auto* to = static_cast<char*>(linear(text));
    for (const char* from = program_wait; from != program_wait_end; ++from)
        *to++ = *from;
    code_sync(text, static_cast<uint64_t>(program_wait_end - program_wait));
    EXPECT(space.map(user_text, text, Protection::READ_EXECUTE).ok());
    EXPECT(space.map(user_data, traveller.data, Protection::READ_WRITE).ok());
    kernel::current_thread()->set_pid(space.pid());
    const kernel::ThreadOptions options{.name = "mover", .priority = 20, .counted = false};
    EXPECT(kernel::Thread::create(options, move_around, reinterpret_cast<uint64_t>(&traveller)).ok());
    UserContext context;
    context.start(user_text, user_data + 0x800, user_data);
    EXPECT(run_user(context) == Vector::SYSTEM_CALL);
    EXPECT(context.registers.gpr[4] == 1 && context.registers.gpr[31] == 0x11F);
    traveller.done.wait();
    kernel::current_thread()->set_pid(EMPTY_PID);
    space.close();
    kernel::free_frames(text, 1);
    kernel::free_frames(traveller.data, 1);
}};

}

}
