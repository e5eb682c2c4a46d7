// Lazy update: instances are marked, and each is converted by the first call that comes to it.
#pragma once

#include "objects/class_record.h"
#include "objects/translation_table.h"

namespace objects {

// What the record says the factory makes now is the version that all instances are to reach, up or down, step by step of
// one version. Whoever changes the version of a class, after the factory was swapped and one generation has passed (so
// that no conversion to an earlier aim is under way):
//
//     begin_marking(record);
//     on each CPU: mark_home(record, cpu);
//     put_marks_in_force(record);
//     converters (converter.h) for what was called too early, and for the rest now or in idle time
//
// A round of marks may begin while instances of an earlier one are still marked: they stay so, and in force.

// Marks set from now on are not in force: a call that meets one is served by the old version, and its instance is
// promoted, that is unmarked and left to the converters, which swap it with its callers inside.
void begin_marking(ClassRecord& record);
// Sorts the Old instances at home on a CPU, batch by batch: already what they are to be (Current), busy with a swap
// (Promoted), or Marked.
void mark_home(ClassRecord& record, unsigned cpu);
// Returns when nobody is inside a marked instance and calls of it convert it. Waits for generations; what was called
// too early is in the list Promoted then.
void put_marks_in_force(ClassRecord& record);

// After the aim has changed: sorts the Marked instances at home on a CPU, batch by batch: those that are what they are to
// be are unmarked, without conversion, the others become Old, to be marked in the next round; those that are being
// converted become Old as well until they are done.
void unmark_home(ClassRecord& record, unsigned cpu);

// The class that follows on the way to `aim`, or null when it is not registered.
const ClassDescriptor* next_towards(const ClassDescriptor& from, const ClassDescriptor& aim);

// For the miss handler: a call of a counted thread has come to a mark. When this returns it looks again.
void meet_marked(Reference reference, Root& root, MarkRound round);

// Takes the step that a marked instance has before it, unless somebody else does; the caller is counted and has the root
// from the table. An instance whose step fails is served by the version it has reached, in the list Failed.
void convert_marked(Reference reference, Root& root, unsigned priority);
// The same for an instance on a list of work. False when the name is no longer that of a marked instance: what has come
// to live in its entry since is left alone.
bool convert_named(ReferenceName name, unsigned priority);

}
