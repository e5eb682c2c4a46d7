#include "arch/ppc64/unwind.h"

#include "arch/ppc64/asm_offsets.h"
#include "arch/ppc64/cpu.h"
#include "arch/ppc64/mmu.h"

extern "C" {
extern const char exception_return[];
}

namespace arch {

namespace {

class Walk {
public:
    Walk(CodeAddress* out, size_t capacity, const ReplacedReturns* replaced)
        : m_out(out), m_capacity(capacity), m_replaced(replaced)
    {
    }

    size_t count() const { return m_count; }

    // The interrupted function, then its callers.
    void interrupted(const TrapFrame& frame)
    {
        if (const uint64_t pointer = enter(frame); pointer != 0)
            chain(pointer);
    }

    // From the stack frame at `pointer` outwards.
    void chain(uint64_t pointer)
    {
        while (m_count < m_capacity) {
            const uint64_t caller = read(pointer);
            const uint64_t saved = caller > pointer ? read(caller + STACK_LR) : 0;
            if (saved == 0)
                return;
            if (saved == reinterpret_cast<uint64_t>(exception_return)) {
                pointer = enter_exception(caller);
                continue;
            }
            add(m_replaced == nullptr ? saved : m_replaced->original(saved, caller), caller, CodeAddressKind::RETURN);
            pointer = caller;
        }
    }

private:
    void add(uint64_t address, uint64_t pointer, CodeAddressKind kind)
    {
        if (m_count < m_capacity)
            m_out[m_count++] = {address, pointer, kind};
    }

    // Memory, that is: reading a device's register would change something.
    static bool is_memory(uint64_t address)
    {
        const kernel::Result<uint64_t> behind = translate(address);
        return behind.ok() && behind.value() < abi::DEVICE_PHYSICAL;
    }

    // 0 for what cannot be read.
    static uint64_t read(uint64_t address)
    {
        if (address % sizeof(uint64_t) != 0 || !is_memory(address))
            return 0;
        return *reinterpret_cast<const uint64_t*>(address);
    }

    // Notes where an exception struck; returns the interrupted stack frame, 0 when that was no kernel code.
    uint64_t enter(const TrapFrame& frame)
    {
        add(frame.srr0, frame.stack_pointer(), CodeAddressKind::INTERRUPTED);
        if (frame.from_problem_state())
            return 0;
        // What the caller's frame says too needs no second mention.
        const uint64_t caller = read(frame.stack_pointer());
        if (caller == 0 || read(caller + STACK_LR) != frame.lr)
            add(frame.lr, frame.stack_pointer(), CodeAddressKind::LINK);
        return frame.stack_pointer();
    }

    uint64_t enter_exception(uint64_t pointer)
    {
        const uint64_t frame = pointer + STACK_HEADER;
        if (!is_memory(frame) || !is_memory(frame + FRAME_SIZE - 1))
            return 0;
        return enter(*reinterpret_cast<const TrapFrame*>(frame));
    }

    CodeAddress* m_out;
    size_t m_capacity;
    const ReplacedReturns* m_replaced;
    size_t m_count = 0;
};

}

size_t unwind_here(CodeAddress* out, size_t capacity, const ReplacedReturns* replaced)
{
    Walk walk(out, capacity, replaced);
    walk.chain(reinterpret_cast<uint64_t>(__builtin_frame_address(0)));
    return walk.count();
}

size_t unwind_trap(const TrapFrame& frame, CodeAddress* out, size_t capacity, const ReplacedReturns* replaced)
{
    Walk walk(out, capacity, replaced);
    walk.interrupted(frame);
    return walk.count();
}

size_t unwind_context(const Context& context, CodeAddress* out, size_t capacity, const ReplacedReturns* replaced)
{
    Walk walk(out, capacity, replaced);
    walk.chain(context.stack_pointer);
    return walk.count();
}

}
