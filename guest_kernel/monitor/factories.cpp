// Factories, the instances that they track, and which factory is the default of its kind.

#include "devices/mailbox.h"
#include "kernel/init.h"
#include "monitor/reference_text.h"
#include "objects/counted_scope.h"
#include "objects/instance_set.h"
#include "objects/standard_factory.h"

namespace monitor {

namespace {

using devices::ValueReader;
using devices::ValueWriter;
using objects::InstanceList;

void write_factory(ValueWriter& result, const objects::ClassRecord& record, objects::InstanceSet& set)
{
    result.begin_list();
    result.text(record.name);
    result.text(record.kind->name);
    result.number(record.current_version()->version);
    result.number(__atomic_load_n(&record.epoch, __ATOMIC_ACQUIRE));
    result.number(__atomic_load_n(&record.kind->default_factory, __ATOMIC_ACQUIRE) == record.factory);
    result.number(set.count(InstanceList::Current));
    // One that is being converted by a swap of its own is old until that has committed.
    result.number(set.count(InstanceList::Old) + set.count(InstanceList::Promoted));
    result.number(set.count(InstanceList::Marked));
    result.number(set.count(InstanceList::Failed));
    result.end_list();
}

// A factory that is being closed is left out.
Status list_factories(ValueReader&, ValueWriter& result)
{
    objects::CountedScope keeps_factories;
    for (unsigned i = 0; const auto* record = objects::record_at(i); ++i) {
        auto factory = record->factory_reference();
        if (!factory)
            continue;
        if (const auto set = factory->instances(); set.ok())
            write_factory(result, *record, *set.value());
    }
    return {};
}

void write_instance(ValueWriter& result, objects::Reference reference, const objects::Root& root, InstanceList list)
{
    result.begin_list();
    result.text(ReferenceText(reference).text());
    result.number(root.descriptor().version);
    result.text(objects::name_of(list));
    result.number(objects::InstanceSet::home_of(reference));
    result.end_list();
}

// Looks through the table, so that nothing is held up however many there are.
Status list_instances(ValueReader& arguments, ValueWriter& result)
{
    char name[objects::class_name_size];
    TRY(arguments.text(name, sizeof name));
    objects::CountedScope keeps_roots_and_the_set;
    const auto* record = objects::find_record(name);
    auto* set = record == nullptr ? nullptr : record->instance_set();
    if (set == nullptr)
        return Code::NOT_FOUND;
    auto& table = objects::table();
    for (uint32_t index = 1; index < table.high_water(); ++index) {
        const objects::Reference reference = table.at(index);
        const objects::Root* root = table.root(reference);
        if (root == nullptr || root->descriptor().record != record)
            continue;
        if (const auto list = set->list_of(reference); list != InstanceList::None)
            write_instance(result, reference, *root, list);
    }
    return {};
}

Status change_default(ValueReader& arguments, ValueWriter&)
{
    char kind[objects::class_name_size];
    char class_name[objects::class_name_size];
    TRY(arguments.text(kind, sizeof kind));
    TRY(arguments.text(class_name, sizeof class_name));
    return objects::set_default_factory(kind, class_name);
}

Status start()
{
    TRY(devices::mailbox::register_handler(abi::Operation::FACTORIES, list_factories));
    TRY(devices::mailbox::register_handler(abi::Operation::INSTANCES, list_instances));
    return devices::mailbox::register_handler(abi::Operation::DEFAULT_FACTORY, change_default);
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor,
                                                                                  "monitor.factories", start};

}

}
