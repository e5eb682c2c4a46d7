// What is found by name: references, classes, the states of an update.

#include "kernel/test.h"
#include "kernel/text.h"
#include "objects/names.h"
#include "objects/tests/steps.h"
#include "objects/update.h"

namespace objects::tests {

namespace {

constexpr const char* name = "test.probe";

bool has_name(Reference reference, const char* expected)
{
    char text[name_size];
    name_of(reference, text);
    return kernel::equal(text, expected);
}

kernel::Test given{"names.given_found_and_forgotten", [] {
    auto probe = make_used_probe();
    EXPECT(find_name(name) == nullptr && has_name(probe.reference(), ""));
    EXPECT(give_name("a name that is longer than any name may be", probe.reference()).code() == Code::TOO_LARGE);
    EXPECT(give_name(name, probe.reference()).ok());
    EXPECT(give_name(name, probe.reference()).code() == Code::EXISTS);
    EXPECT(find_name(name) == probe.reference() && has_name(probe.reference(), name));
    forget_name(name);
    EXPECT(find_name(name) == nullptr && has_name(probe.reference(), ""));
    destroy_and_drain(probe.reference());
}};

kernel::Test dies{"names.do_not_pass_to_the_next_object_in_an_entry", [] {
    // The entry freed last is used first.
    drain_dead_objects();
    auto probe = make_used_probe();
    EXPECT(give_name(name, probe.reference()).ok());
    destroy_and_drain(probe.reference());
    EXPECT(find_name(name) == nullptr);
    auto next = make_used_probe();
    EXPECT(next.reference() == probe.reference());
    EXPECT(find_name(name) == nullptr && has_name(next.reference(), ""));
    EXPECT(give_name(name, next.reference()).ok());
    EXPECT(find_name(name) == next.reference());
    forget_name(name);
    destroy_and_drain(next.reference());
}};

kernel::Test full{"names.are_limited", [] {
    auto probe = make_used_probe();
    char text[] = "test.00";
    unsigned given = 0;
    const auto next = [&] {
        text[5] = static_cast<char>('0' + given / 10);
        text[6] = static_cast<char>('0' + given % 10);
        return text;
    };
    Status status;
    while ((status = give_name(next(), probe.reference())).ok())
        ++given;
    EXPECT(status.code() == Code::NO_MEMORY && given < max_names);
    while (given-- > 0)
        forget_name(next());
    EXPECT(has_name(probe.reference(), ""));
    destroy_and_drain(probe.reference());
}};

Result<Root*> no_root()
{
    return Code::UNSUPPORTED;
}

kernel::Test versions{"classes.newest_version_is_found", [] {
    ClassDescriptor classes[] = {
        {"test.Class", "Probe", 1, 2, no_root},
        {"test.Class", "Probe", 3, 2, no_root},
        {"test.Class", "Probe", 2, 2, no_root},
    };
    EXPECT(find_class("test.Class") == nullptr);
    for (auto& each : classes)
        EXPECT(register_class(each).ok());
    ClassDescriptor again{"test.Class", "Probe", 3, 2, no_root};
    EXPECT(register_class(again).code() == Code::EXISTS);
    EXPECT(find_class("test.Class") == &classes[1]);
    unregister_classes(reinterpret_cast<uint64_t>(&classes[1]), reinterpret_cast<uint64_t>(&classes[2]));
    EXPECT(find_class("test.Class") == &classes[2]);
    unregister_classes(reinterpret_cast<uint64_t>(classes), reinterpret_cast<uint64_t>(classes + 3));
    EXPECT(find_class("test.Class") == nullptr);
}};

kernel::Test replaced{"classes.replace_themselves_by_the_next_version_only", [] {
    auto probe = make_used_probe();
    EXPECT(replace(name, ProbeRep<2>::descriptor).code() == Code::NOT_FOUND);
    EXPECT(give_name(name, probe.reference()).ok());
    EXPECT(replace(name, ProbeRep<1>::descriptor).code() == Code::VERSION);
    EXPECT(replace(name, ProbeRep<3>::descriptor).code() == Code::VERSION);
    EXPECT(replace(name, ProbeRep<2>::descriptor).ok());
    expect_version(probe, 2);
    EXPECT(replace(name, ProbeRep<1>::descriptor).code() == Code::VERSION);
    destroy_and_drain(probe.reference());
    EXPECT(replace(name, ProbeRep<3>::descriptor).code() == Code::NOT_FOUND);
}};

// Exports what no probe imports.
class ForeignRoot final : public SharedRoot<ProbeRep<1>> {
public:
    FormatList exports() const override { return FormatList::of(formats); }

private:
    static constexpr Format formats[] = {{"test.foreign/1"}};
};

kernel::Test format{"swap.without_a_common_format_is_refused", [] {
    CountedScope scope;
    auto reference = publish(kernel::Owned<Root>(kernel::make<ForeignRoot>(kernel::Tag::Test)));
    EXPECT(reference.ok());
    EXPECT(swap_to<2>(reference.value()).code() == Code::NO_FORMAT);
    EXPECT(table().innermost(reference.value()) == nullptr);
    EXPECT(Ref<Probe>(reference.value())->version().value() == 1);
    EXPECT(destroy(reference.value()).ok());
}};

kernel::Test preference{"swap.takes_the_format_that_the_old_class_prefers", [] {
    static constexpr Format exported[] = {{"unknown/1"}, {"first/2"}, {"second/1"}};
    static constexpr Format imported[] = {{"second/1"}, {"first/2"}, {"first/1"}};
    EXPECT(negotiate(FormatList::of(exported), FormatList::of(imported)) == &exported[1]);
    EXPECT(negotiate(FormatList::of(exported), {}) == nullptr);
}};

kernel::Test states{"updates.change_only_to_states_that_follow", [] {
    using State = UpdateState;
    constexpr State all[] = {State::Staged, State::Applying, State::Cancelling, State::Active, State::Superseded,
        State::Reverting, State::Reverted, State::Aborted, State::Stuck, State::Unloaded};
    // One row for each state, one letter for each that may follow.
    constexpr const char* follow[] = {".x.....x..", "..xx...x..", ".......xx.", "....xx...x", "...x.....x", "...x..x.x.",
        ".........x", "..........", ".....x....", ".........."};
    for (unsigned from = 0; from < 10; ++from) {
        for (unsigned to = 0; to < 10; ++to)
            EXPECT(allowed(all[from], all[to]) == (follow[from][to] == 'x'));
    }
}};

}

}
