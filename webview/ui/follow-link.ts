/** Goes to the place of a link: given by the page to whatever in it has links, or takes text in which one may be pasted. */
import { createContext } from 'preact';

/** `pasted`: it comes from elsewhere, so it is said that one was followed, with the way back. */
export const FollowLink = createContext<(link: string, pasted?: boolean) => void>(() => {});
