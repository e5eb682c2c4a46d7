// A class for the tests of the object system: it shows what reaches it.
#pragma once

#include "kernel/event.h"
#include "kernel/generation.h"
#include "kernel/thread.h"
#include "objects/counted_scope.h"
#include "objects/hot_swap.h"
#include "objects/lifetime.h"
#include "objects/standard_class.h"

namespace objects::tests {

struct Pair {
    uint64_t low;
    uint64_t high;
};

class Probe : public Object {
public:
    virtual Result<uint64_t> calls() = 0;
    // More arguments than registers: the last ones lie on the caller's stack.
    virtual Pair fold(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h,
        uint64_t i, uint64_t j) = 0;
    // Calls `next` from inside, `depth` times in all, and returns how often it was called.
    virtual Result<uint64_t> descend(Ref<Probe> next, Ref<Probe> after, uint64_t depth) = 0;
    // Signals `entered`, then waits inside for `leave`.
    virtual Status linger(kernel::Event* entered, kernel::Event* leave) = 0;
    virtual Result<uint64_t> version() = 0;
    // Calls `what` from inside.
    virtual Status visit(void (*what)(void*), void* context) = 0;

    using Methods = MethodList<&Probe::calls, &Probe::fold, &Probe::descend, &Probe::linger, &Probe::version,
        &Probe::visit>;

protected:
    ~Probe() = default;
};

inline constexpr Format probe_formats[] = {{"test.probe/1"}};

// `number` tells the versions apart. What a transfer does is set from outside, by the tests.
template <uint64_t number>
class ProbeRoot;

template <uint64_t number>
class ProbeRep final : public Rep<Probe> {
public:
    static inline constinit ClassDescriptor descriptor = standard_class<ProbeRoot<number>>("Probe", "Probe", number);

    explicit ProbeRep(Root& root) : Rep(root) {}

    Result<uint64_t> calls() override { return __atomic_load_n(&m_calls, __ATOMIC_RELAXED); }
    Pair fold(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h, uint64_t i,
        uint64_t j) override
    {
        count();
        return {a + 2 * b + 3 * c + 4 * d + 5 * e, f + 2 * g + 3 * h + 5 * i + 7 * j};
    }
    Result<uint64_t> descend(Ref<Probe> next, Ref<Probe> after, uint64_t depth) override
    {
        count();
        if (depth <= 1)
            return 1;
        return 1 + TRY(next->descend(after, next, depth - 1));
    }
    Status linger(kernel::Event* entered, kernel::Event* leave) override
    {
        count();
        entered->signal();
        leave->wait();
        return {};
    }
    Result<uint64_t> version() override { return number; }
    Status visit(void (*what)(void*), void* context) override
    {
        what(context);
        count();
        return {};
    }

    uint64_t m_calls = 0;

private:
    void count() { __atomic_fetch_add(&m_calls, 1, __ATOMIC_RELAXED); }
};

// What the next transfer does on its way; plain data of one test at a time.
struct TransferScript {
    Code export_fails = Code::OK;
    Code import_fails = Code::OK;
    // Set: export stays in it until the event comes.
    kernel::Event* hold_export = nullptr;
    kernel::Event* export_entered = nullptr;
    bool import_faults = false;
};
inline TransferScript script;
inline uint64_t roots_alive = 0;

template <uint64_t number>
class ProbeRoot final : public SharedRoot<ProbeRep<number>> {
public:
    using InterfaceType = Probe;

    ProbeRoot() { __atomic_fetch_add(&roots_alive, 1, __ATOMIC_RELAXED); }
    ~ProbeRoot() override { __atomic_fetch_sub(&roots_alive, 1, __ATOMIC_RELAXED); }

    FormatList exports() const override { return FormatList::of(probe_formats); }
    FormatList imports() const override { return FormatList::of(probe_formats); }
    size_t transfer_size(const Format&) const override { return parcel_size<uint64_t>(1); }
    Status export_state(const Format&, TransferSite site, TransferArena& arena) const override
    {
        if (!site.first())
            return {};
        if (script.export_entered != nullptr)
            script.export_entered->signal();
        if (script.hold_export != nullptr)
            script.hold_export->wait();
        *TRY(arena.place<uint64_t>(site.cpu)) = this->m_rep.m_calls;
        return script.export_fails;
    }
    Status import_state(const Format&, TransferSite, const Parcel& parcel) override
    {
        if (const auto* calls = parcel.as<uint64_t>())
            this->m_rep.m_calls = *calls;
        if (script.import_faults)
            *static_cast<volatile uint64_t*>(nullptr) = 0;
        return script.import_fails;
    }
};

// A test's body as a counted thread runs it, for it calls through references.
template <auto body>
void counted()
{
    CountedScope scope;
    body();
}

// Inside a counted body: the thread stands at its outermost level here and waits for swaps.
class [[nodiscard]] UncountedScope {
public:
    UncountedScope() { kernel::leave_generation(); }
    ~UncountedScope() { kernel::enter_generation(); }
    UncountedScope(const UncountedScope&) = delete;
    UncountedScope& operator=(const UncountedScope&) = delete;
};

template <uint64_t number>
Result<HotSwap*> swap_to(Reference reference, const SwapOptions& options = {})
{
    return HotSwap::start(reference, kernel::Owned<Root>(kernel::make<ProbeRoot<number>>(kernel::Tag::Test)), options);
}

// Runs a swap to its end.
template <uint64_t number>
Status swap_and_wait(Reference reference)
{
    HotSwap* swap = TRY(swap_to<number>(reference));
    UncountedScope uncounted;
    const Status outcome = swap->wait();
    swap->release();
    return outcome;
}

// Runs `body` in a counted thread of its own.
class Helper {
public:
    Helper(void (*body)(void*), void* context, int cpu = kernel::any_cpu);
    // Until its end.
    void join() { m_ended.wait(); }

private:
    static void entry(uint64_t argument);

    void (*m_body)(void*);
    void* m_context;
    kernel::Event m_ended;
};

}
