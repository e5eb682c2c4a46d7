#include "objects/interface_change.h"

#include "kernel/format.h"
#include "kernel/generation.h"
#include "kernel/text.h"
#include "objects/adaptors.h"
#include "objects/callers.h"
#include "objects/converters.h"
#include "objects/counted_scope.h"
#include "objects/instance_set.h"
#include "objects/lazy.h"
#include "objects/priorities.h"
#include "objects/standard_factory.h"

namespace objects {

namespace {

using Text = char[update_text_size];

template <typename... Arguments>
Status refuse(Text& text, Code code, const char* format, Arguments... arguments)
{
    kernel::format(text, sizeof text, format, arguments...);
    return code;
}

// The map has one slot for each method of the interface that it offers, and leads to methods that there are.
Status check_map(const AdaptorPlan& plan, const ClassDescriptor& offers, const ClassDescriptor& leads_to, Text& text)
{
    if (plan.map->methods() != offers.methods)
        return refuse(text, Code::INVALID, "the adaptor for callers of %s has %u methods, the interface %u", offers.kind,
            plan.map->methods(), offers.methods);
    for (unsigned method = 0; method < plan.map->methods(); ++method) {
        const unsigned forwarded = plan.map->forwarded_to(method);
        if (forwarded != AdaptorMap::no_method && forwarded >= leads_to.methods)
            return refuse(text, Code::INVALID, "the adaptor for callers of %s leads to method %u of %s, which has %u",
                offers.kind, forwarded, leads_to.kind, leads_to.methods);
    }
    return {};
}

bool names(const AdaptorPlan& plan, const CallerClass& caller)
{
    for (unsigned i = 0; i < plan.caller_count; ++i) {
        if (kernel::equal(plan.callers[i].name, caller.name) && plan.callers[i].version == caller.version)
            return true;
    }
    return false;
}

Status check_caller(const CallerClass& caller, bool from_version_on, Text& text)
{
    if (find_record(caller.name) == nullptr)
        return refuse(text, Code::NOT_FOUND, "there is no class %s, which the adaptor names as a caller", caller.name);
    if (caller.from_version_on != from_version_on)
        return refuse(text, Code::INVALID, "the %s names caller %s %s version %lu", from_version_on ? "way back" : "adaptor",
            caller.name, caller.from_version_on ? "from" : "below", caller.version);
    if (!from_version_on && instances_of(caller.name, caller.version, true) != 0)
        return refuse(text, Code::INVALID, "caller %s is at version %lu already, which calls the new interface", caller.name,
            caller.version);
    return {};
}

Status check_callers(const AdaptorPlan& plan, bool from_version_on, Text& text)
{
    if (plan.callers == nullptr)
        return {};
    if (plan.caller_count > max_caller_classes)
        return refuse(text, Code::TOO_LARGE, "an adaptor names %u caller classes at most", max_caller_classes);
    for (unsigned i = 0; i < plan.caller_count; ++i)
        TRY(check_caller(plan.callers[i], from_version_on, text));
    return {};
}

// Who calls the new interface after his update needs an adaptor when only the class is taken back.
Status check_both_ways(const AdaptorPlan& adaptor, const AdaptorPlan& way_back, Text& text)
{
    if (way_back.callers == nullptr)
        return {};
    for (unsigned i = 0; i < adaptor.caller_count; ++i) {
        if (!names(way_back, adaptor.callers[i]))
            return refuse(text, Code::INVALID, "the way back does not name caller %s from version %lu on",
                adaptor.callers[i].name, adaptor.callers[i].version);
    }
    return {};
}

const AdaptorPlan* plan_of(const ClassChange& change, bool forward)
{
    return forward ? change.adaptor : change.way_back;
}

bool changes_interface(const ClassChange& change)
{
    return change.kind == ChangeKind::Instances && change.from != nullptr && change.to != nullptr
        && change.from->interface != change.to->interface;
}

}

Status check_interface(const Update& update, const ClassDescriptor& from, const ClassDescriptor& to,
    const AdaptorPlan* adaptor, const AdaptorPlan* way_back, Text& text)
{
    if (same_kind(from, to) != (adaptor == nullptr))
        return refuse(text, Code::INVALID, adaptor == nullptr ? "class %s has interface %s instead of %s: its callers need an adaptor"
                : "class %s has interface %s as before, but brings an adaptor", to.name, to.kind, from.kind);
    if (adaptor == nullptr)
        return {};
    TRY(check_map(*adaptor, from, to, text));
    TRY(check_callers(*adaptor, false, text));
    if (way_back == nullptr && update.can_be_undone())
        return refuse(text, Code::INVALID, "class %s changes its interface: the way back needs an adaptor too", to.name);
    if (way_back == nullptr)
        return {};
    TRY(check_map(*way_back, to, from, text));
    TRY(check_callers(*way_back, true, text));
    return check_both_ways(*adaptor, *way_back, text);
}

Status begin_interface_change(const ClassChange& change, bool forward)
{
    const auto* plan = plan_of(change, forward);
    if (!changes_interface(change) || plan == nullptr)
        return {};
    auto& offers = *(forward ? change.from : change.to)->interface;
    auto& leads_to = *(forward ? change.to : change.from)->interface;
    const Status opened = adaptors().open(*plan, *change.record, offers, leads_to, forward);
    // Whoever creates an instance and has not seen the plan was counted before this.
    kernel::generations().wait_for_all_cpus();
    // It may be there from an attempt before.
    return opened.code() == Code::EXISTS ? Status() : opened;
}

void end_interface_change(const ClassChange& change)
{
    if (changes_interface(change))
        adaptors().close(*change.record, *change.from->interface, *change.to->interface);
}

namespace {

// Classes whose changed interface a class is about to call.
struct Called {
    const ClassRecord& callers;
    uint64_t from_version;
    uint64_t to_version;
    ClassRecord* found[max_caller_classes];
    const KindRecord* interfaces[max_caller_classes];
    unsigned count;

    static void look(AdaptorGroup& group, void* context)
    {
        auto& self = *static_cast<Called*>(context);
        if (!group.open || !group.forward)
            return;
        for (unsigned i = 0; i < group.callers.count; ++i) {
            const auto& caller = group.callers.callers[i];
            const bool starts = self.from_version < caller.version && caller.version <= self.to_version;
            if (kernel::equal(caller.name, self.callers.name) && starts && self.count < max_caller_classes) {
                self.interfaces[self.count] = group.leads_to;
                self.found[self.count++] = group.of;
            }
        }
    }
};

uint64_t unconverted(ClassRecord& record)
{
    CountedScope keeps_the_set;
    auto* set = record.instance_set();
    return set == nullptr ? 0 : set->count() - set->count(InstanceList::Current);
}

// At a normal priority and with nobody calling, what was left to idle time.
Status convert_the_rest(ClassRecord& record)
{
    Converters converters(record);
    {
        CountedScope calls_the_page_allocator;
        TRY(converters.start(converter_priority));
    }
    converters.wait();
    return {};
}

}

Status make_way_for_callers(const ClassRecord& callers, uint64_t from_version, uint64_t to_version, Text& text)
{
    Called called{callers, from_version, to_version, {}, {}, 0};
    adaptors().for_each_group(Called::look, &called);
    for (unsigned i = 0; i < called.count; ++i) {
        auto& record = *called.found[i];
        if (unconverted(record) == 0)
            continue;
        TRY(convert_the_rest(record));
        if (const uint64_t left = unconverted(record); left != 0)
            return refuse(text, Code::BUSY, "%lu instances of class %s still have the old interface, which version %lu of %s does not call",
                left, record.name, to_version, callers.name);
    }
    return {};
}

const char* still_called(const Update& update)
{
    for (unsigned i = 0; i < update.change_count; ++i) {
        const auto& change = update.changes[i];
        if (change.record == nullptr)
            continue;
        Called called{*change.record, change.from_version, change.to_version, {}, {}, 0};
        adaptors().for_each_group(Called::look, &called);
        for (unsigned k = 0; k < called.count; ++k) {
            const auto* current = called.found[k]->current_version();
            if (current != nullptr && current->interface == called.interfaces[k])
                return called.found[k]->name;
        }
    }
    return nullptr;
}

}
