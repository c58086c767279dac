/** The page's door to the editor that holds the dataset's file. What comes in is checked. */
import { type DatasetToPage, datasetToPage, type PageToDataset } from '../../trainer/protocol/dataset-editor.ts';

export interface DatasetDoor {
  send(message: PageToDataset): void;
  /** @param onFault told in words what does not fit */
  listen(take: (message: DatasetToPage) => void, onFault: (words: string) => void): void;
  /** What the page wants to find again when it is shown again. */
  loadState(): unknown;
  saveState(state: unknown): void;
}

interface EditorApi {
  postMessage(message: PageToDataset): void;
  getState(): unknown;
  setState(state: unknown): void;
}

export function datasetDoor(api: EditorApi): DatasetDoor {
  return {
    send: (message) => api.postMessage(message),
    listen(take, onFault) {
      window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
        const checked = datasetToPage.safeParse(data);
        if (checked.success) return take(checked.data);
        const at = checked.error.issues[0]?.path.map(String).join('.');
        onFault(
          `The editor sent a message that this page does not know${at ? ` (${at})` : ''}. Nothing of it was taken. Where the extension was just updated, reload the window (Developer: Reload Window).`,
        );
      });
    },
    loadState: () => api.getState(),
    saveState: (state) => api.setState(state),
  };
}
