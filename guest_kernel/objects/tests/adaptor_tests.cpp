// Calls through adaptors on objects made by hand.

#include "objects/counting_arbiter.h"
#include "objects/tests/desk.h"
#include "kernel/test.h"
#include "kernel/thread.h"

namespace objects::tests {

namespace {

using First = first_build::Desk;
using Second = second_build::Desk;

template <typename RepType>
Reference make_desk()
{
    auto made = create<typename RepType::RootType>();
    EXPECT(made.ok());
    return made.value().reference();
}

// A reference by which callers of another build reach the object. The object itself moves to a new one.
const AdaptorPlan lasting{&first_to_second(), make_adaptor<DeskAdaptor>, nullptr, 0};

kernel::Test slots{"adaptor.map_is_that_of_the_compiled_interfaces", [] {
    const AdaptorMap& map = first_to_second();
    EXPECT(map.methods() == First::Methods::count);
    EXPECT(map.forwarded_to(0) == 0 && map.forwarded_to(1) == 1);
    EXPECT(map.forwarded_to(compiled_slot(&First::version)) == compiled_slot(&Second::version));
    EXPECT(map.forwarded_to(compiled_slot(&First::load)) == compiled_slot(&Second::load));
    EXPECT(map.forwarded_to(compiled_slot(&First::fold)) == compiled_slot(&Second::fold));
    EXPECT(map.forwarded_to(compiled_slot(&First::visit)) == compiled_slot(&Second::visit));
    EXPECT(map.forwarded_to(compiled_slot(&First::before_renaming)) == compiled_slot(&Second::after_renaming));
    EXPECT(map.forwarded_to(compiled_slot(&First::store)) == AdaptorMap::no_method);
    EXPECT(compiled_slot(&First::load) == 3 && compiled_slot(&Second::load) == 5);
}};

kernel::Test answers{"adaptor.old_callers_are_answered_as_before", counted<[] {
    const Reference old = make_desk<SecondDesk>();
    EXPECT(adaptors().adapt(old, lasting).ok());
    EXPECT(answers_as_the_first_build(Ref<First>(old)));
    EXPECT(Ref<First>(old)->version().value() == 2);
    const Reference canonical = Ref<First>(old)->canonical().value();
    EXPECT(canonical != old);
    EXPECT(answers_as_the_second_build(Ref<Second>(canonical)));
    EXPECT(destroy(old).ok());
    EXPECT(Ref<First>(old)->load().code() == Code::GONE);
}>};

void settle()
{
    UncountedScope uncounted;
    adaptors().settle();
}

kernel::Test handlers{"adaptor.handlers_add_arguments_answer_and_keep_state", counted<[] {
    const Reference old = make_desk<SecondDesk>();
    EXPECT(adaptors().adapt(old, lasting).ok());
    const Ref<First> desk(old);
    EXPECT(desk->store(4).ok() && desk->load().value() == 4);
    EXPECT(desk->obsolete().code() == Code::UNSUPPORTED);
    EXPECT(desk->counted().value() == 1 && desk->counted().value() == 2);
    EXPECT(desk->mix(4, 5, 6).value() == 46);
    EXPECT(destroy(old).ok());
}>};

uint64_t instructions_of_a_call(Ref<Probe> probe)
{
    EXPECT(probe->version().ok());
    const uint64_t before = kernel::current_thread()->instructions();
    EXPECT(probe->version().value() == 1);
    return kernel::current_thread()->instructions() - before;
}

kernel::Test cost{"adaptor.null_one_costs_18_instructions", counted<[] {
    auto made = create<ProbeRoot<1>>();
    const Ref<Probe> probe = made.value();
    const uint64_t plain = instructions_of_a_call(probe);
    EXPECT(adaptors().adapt_null(probe.reference()).ok());
    const uint64_t adapted = instructions_of_a_call(probe);
    EXPECT(adapted - plain == 18);
    EXPECT(adaptors().unadapt(probe.reference()).ok());
    EXPECT(instructions_of_a_call(probe) == plain);
    EXPECT(probe->canonical().value() == probe.reference());
    settle();
    EXPECT(destroy(probe.reference()).ok());
}>};

struct Listed {
    Reference old;
    AdaptedStatus status;
    unsigned found;

    static void note(const AdaptedStatus& status, void* context)
    {
        auto& self = *static_cast<Listed*>(context);
        if (status.old != self.old)
            return;
        self.status = status;
        ++self.found;
    }
};

Listed listed(Reference old)
{
    Listed listed{old, {}, 0};
    adaptors().for_each(Listed::note, &listed);
    return listed;
}

kernel::Test counts{"adaptor.counts_every_call", counted<[] {
    const Reference old = make_desk<SecondDesk>();
    EXPECT(adaptors().adapt(old, lasting).ok());
    const Ref<First> desk(old);
    for (int i = 0; i < 10; ++i)
        EXPECT(desk->load().ok() && desk->store(1).ok());
    EXPECT(listed(old).status.calls == 20);
    EXPECT(!listed(old).status.known && !listed(old).status.permanent);
    EXPECT(destroy(old).ok());
    settle();
    EXPECT(listed(old).found == 0);
}>};

kernel::Test in_order{"adaptor.stands_behind_an_arbiter", counted<[] {
    const Reference old = make_desk<SecondDesk>();
    EXPECT(adaptors().adapt(old, lasting).ok());
    auto arbiter = CountingArbiter::attach(old);
    EXPECT(arbiter.ok());
    EXPECT(answers_as_the_first_build(Ref<First>(old)));
    EXPECT(arbiter.value()->counts(compiled_slot(&First::load)).calls == 2);
    EXPECT(arbiter.value()->counts(compiled_slot(&First::fold)).calls == 1);
    {
        UncountedScope uncounted;
        CountingArbiter::detach(arbiter.value());
    }
    EXPECT(answers_as_the_first_build(Ref<First>(old)));
    EXPECT(destroy(old).ok());
}>};

kernel::Test gone{"adaptor.goes_with_its_object", counted<[] {
    const Reference old = make_desk<SecondDesk>();
    EXPECT(adaptors().adapt(old, lasting).ok());
    const Reference canonical = table().canonical(old);
    const auto name = table().name(old);
    EXPECT(Ref<First>(old)->load().ok());
    EXPECT(destroy(canonical).ok());
    EXPECT(Ref<First>(old)->load().code() == Code::GONE);
    EXPECT(Ref<Second>(canonical)->load().code() == Code::GONE);
    EXPECT(destroy(old).code() == Code::GONE);
    settle();
    EXPECT(table().find(name) == nullptr);
}>};

const CallerClass callers[] = {{"Probe", 2}};
const AdaptorPlan for_probes{&first_to_second(), make_adaptor<DeskAdaptor>, callers, 1};

kernel::Test last_caller{"adaptor.goes_when_the_last_old_caller_is_updated", counted<[] {
    const Reference old = make_desk<SecondDesk>();
    auto caller = create<ProbeRoot<1>>();
    EXPECT(caller.ok() && caller.value()->version().ok());
    EXPECT(adaptors().adapt(old, for_probes).ok());
    const auto name = table().name(old);
    settle();
    EXPECT(listed(old).found == 1 && listed(old).status.callers_left == 1);
    EXPECT(answers_as_the_first_build(Ref<First>(old)));
    const Reference canonical = table().canonical(old);
    EXPECT(swap_and_wait<2>(caller.value().reference()).ok());
    settle();
    EXPECT(listed(old).found == 0 && table().find(name) == nullptr);
    EXPECT(answers_as_the_second_build(Ref<Second>(canonical)));
    EXPECT(destroy(canonical).ok());
    EXPECT(destroy(caller.value().reference()).ok());
}>};

kernel::Test pinned{"adaptor.stays_while_code_that_is_no_object_calls_it", counted<[] {
    const Reference old = make_desk<SecondDesk>();
    EXPECT(adaptors().pin(old, "test").ok());
    EXPECT(adaptors().adapt(old, for_probes).ok());
    settle();
    EXPECT(listed(old).found == 1 && listed(old).status.permanent && listed(old).status.callers_left == 1);
    EXPECT(answers_as_the_first_build(Ref<First>(old)));
    const Reference canonical = table().canonical(old);
    adaptors().unpin(old);
    settle();
    EXPECT(listed(old).found == 0);
    EXPECT(answers_as_the_second_build(Ref<Second>(canonical)));
    EXPECT(destroy(canonical).ok());
}>};

}

}
