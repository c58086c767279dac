/** Whether what is seen is said to be what an option says ("this corresponds to option C"), or not to be. */

/** In front of a letter: what is seen is what that option says. */
const relates =
  /(?:\bcorrespond(?:s|ing|ed)? (?:\w+ )?(?:to|with)|\bmatch(?:es|ing|ed)?(?: up)?(?: \w+)?(?: with)?|\balign(?:s|ed|ing)?(?: \w+)? with|\bagrees? (?:\w+ )?with|\b(?:in line|in keeping|consistent|in agreement|in accordance) with|\bfits?(?: with| into| in)?|\bpoints? (?:\w+ )?(?:to|at|towards?)|\bsupports?|\bsuggests?(?: that)?|\bindicates?(?: that)?|\bconfirms?(?: that)?|\bfavou?rs?|\b(?:described|captured|represented|reflected|given|stated|listed|found|covered|expressed|shown|summari[sz]ed|mentioned|provided|matched) (?:best |\w+ly )?(?:by|in|as|under)|\b(?:is|are|was|lies|falls|the one)(?: indeed| exactly| actually| precisely| clearly| therefore| just)? (?:in|under|within|into)|\b(?:is|was|be)(?= (?:option|choice|answer) )|\bbelongs? (?:to|in)|\bleads? (?:us |me )?to|\bleav(?:es|ing)(?: us| me)?(?: with)?(?: only)?|\bbrings? (?:us|me) to|\bequals?|\bi\.e\.,?|\bwhich (?:is|makes it)|\bthat is,?|\bnamely)(?: (?:what|the|with|only|by|indeed))*(?: (?:letter|option|answer|choice))?[ :("']*$/;
const denial = /\b(?:not|no|nothing|never|nor|none|neither|hardly)\b[^,;:]*$|n't\b[^,;:]*$/;

/**
 * @param before what stands in front of an option, in lower case
 */
export function relationTo(before: string): 'holds' | 'denied' | null {
  const relation = relates.exec(before);
  if (!relation) return null;
  return denial.test(before.slice(0, relation.index)) ? 'denied' : 'holds';
}
