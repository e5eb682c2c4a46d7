// Listing, describing, making and ending objects.

#include "arch/ppc64/percpu.h"
#include "devices/mailbox.h"
#include "kernel/format.h"
#include "kernel/init.h"
#include "monitor/class_use.h"
#include "monitor/reference_text.h"
#include "monitor/watch.h"
#include "objects/counted_scope.h"
#include "objects/hot_swap.h"
#include "objects/lifetime.h"

namespace monitor {

namespace {

using devices::ValueReader;
using devices::ValueWriter;

constexpr size_t state_size = 32;

// What stands in front of the object, in words.
void describe_state(objects::Reference reference, char (&out)[state_size])
{
    if (const auto* swap = objects::swap_of(reference); swap != nullptr)
        kernel::format(out, sizeof out, "swapping: %s", objects::name_of(swap->phase()));
    else
        kernel::format(out, sizeof out, "%s", is_watched(reference) ? "watched" : "live");
}

Status list_objects(ValueReader&, ValueWriter& result)
{
    objects::CountedScope keeps_roots_and_swaps;
    auto& table = objects::table();
    for (uint32_t index = 1; index < table.high_water(); ++index) {
        const objects::Reference reference = table.at(index);
        const objects::Root* root = table.root(reference);
        if (root == nullptr)
            continue;
        char name[objects::name_size];
        char state[state_size];
        objects::name_of(reference, name);
        describe_state(reference, state);
        result.begin_list();
        result.text(NumberText(reference).text());
        result.text(name);
        result.text(root->descriptor().name);
        result.text(state);
        result.end_list();
    }
    return {};
}

void write_pair(ValueWriter& result, const char* key, const char* value)
{
    result.begin_list();
    result.text(key);
    result.text(value);
    result.end_list();
}

void write_pair(ValueWriter& result, const char* key, uint64_t value)
{
    result.begin_list();
    result.text(key);
    result.number(value);
    result.end_list();
}

// The CPUs that have a representative: "0 1"; and the virtual table of the first, by which the host names methods.
void write_representatives(ValueWriter& result, const objects::Root& root)
{
    char list[2 * abi::MAX_CPUS + 1] = {};
    size_t used = 0;
    const objects::Object* first = nullptr;
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        const objects::Object* rep = root.rep(cpu);
        if (rep == nullptr)
            continue;
        used += kernel::format(list + used, sizeof list - used, used == 0 ? "%u" : " %u", cpu);
        first = first == nullptr ? rep : first;
    }
    write_pair(result, "representatives", list);
    if (first != nullptr)
        write_pair(result, "vtable", *reinterpret_cast<const uint64_t*>(first));
}

void write_formats(ValueWriter& result, const char* key, objects::FormatList formats)
{
    for (unsigned i = 0; i < formats.count; ++i) {
        char numbered[32];
        kernel::format(numbered, sizeof numbered, "%s %u", key, i);
        write_pair(result, numbered, formats.first[i].name);
    }
}

Status describe_object(ValueReader& arguments, ValueWriter& result)
{
    objects::CountedScope keeps_root_and_swap;
    const objects::Reference reference = objects::table().canonical(TRY(read_reference(arguments)));
    const objects::Root* root = objects::table().root(reference);
    if (root == nullptr)
        return Code::GONE;
    const auto& descriptor = root->descriptor();
    char name[objects::name_size];
    char state[state_size];
    objects::name_of(reference, name);
    describe_state(reference, state);
    write_pair(result, "reference", NumberText(reference).text());
    write_pair(result, "name", name);
    write_pair(result, "class", descriptor.name);
    write_pair(result, "state", state);
    write_pair(result, "version", descriptor.version);
    write_pair(result, "kind", descriptor.kind);
    write_pair(result, "methods", descriptor.methods);
    write_representatives(result, *root);
    write_formats(result, "exports", root->exports());
    write_formats(result, "imports", root->imports());
    return {};
}

// Through the factory where the class has one: of the version that it makes, with what a Creation is by default.
kernel::Result<objects::Reference> create_of(const objects::ClassDescriptor& descriptor)
{
    if (const auto factory = descriptor.record->factory_reference())
        return objects::create_by(factory, nullptr);
    kernel::Owned<objects::Root> root(TRY(descriptor.make_root()));
    return objects::publish(static_cast<kernel::Owned<objects::Root>&&>(root));
}

Status create_object(ValueReader& arguments, ValueWriter& result)
{
    objects::CountedScope calls_other_objects;
    ClassUse used;
    TRY(used.read(arguments));
    const objects::Reference reference = TRY(create_of(used.descriptor()));
    result.text(NumberText(reference).text());
    return {};
}

// What has a well-known name is relied on by code that found it by that name.
Status destroy_object(ValueReader& arguments, ValueWriter&)
{
    objects::CountedScope keeps_the_object;
    const objects::Reference reference = TRY(read_reference(arguments));
    char name[objects::name_size];
    objects::name_of(reference, name);
    if (name[0] != '\0')
        return Code::REFUSED;
    return objects::destroy(reference);
}

Status start()
{
    TRY(devices::mailbox::register_handler(abi::Operation::OBJECTS, list_objects));
    TRY(devices::mailbox::register_handler(abi::Operation::OBJECT, describe_object));
    TRY(devices::mailbox::register_handler(abi::Operation::CREATE, create_object));
    return devices::mailbox::register_handler(abi::Operation::DESTROY, destroy_object);
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor,
                                                                                  "monitor.objects", start};

}

}
