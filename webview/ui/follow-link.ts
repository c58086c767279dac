/** Goes to the place of a link: given by the page to whatever in it takes text in which a link may be pasted. */
import { createContext } from 'preact';

export const FollowLink = createContext<(link: string) => void>(() => {});
